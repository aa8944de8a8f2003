#include "image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <vector>

#include "base/check.h"
#include "image/resample_kernel.h"

// Pillow's ImagingResample (src/libImaging/Resample.c): the same weights in double precision, the same fixed
// point, rows first and then columns with 8 bits between the passes.

namespace stillreel::image {
namespace {

double support_of(Filter filter) {
    switch (filter) {
        case Filter::box:
            return 0.5;
        case Filter::bilinear:
            return 1.0;
        case Filter::lanczos:
            break;
    }
    return 3.0;
}

double sinc(double x) {
    if (x == 0.0) return 1.0;
    x *= std::numbers::pi;
    return std::sin(x) / x;
}

double value_of(Filter filter, double x) {
    switch (filter) {
        case Filter::box:
            return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
        case Filter::bilinear:
            return std::max(0.0, 1.0 - std::abs(x));
        case Filter::lanczos:
            break;
    }
    return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
}

/// The source samples that one output sample is made of.
struct Tap {
    int first = 0;
    int count = 0;
    std::size_t weights = 0;  // where its weights begin
};

struct Taps {
    std::vector<Tap> of;  // one an output sample
    std::vector<double> weights;
};

Taps taps_for(int from, int to, Filter filter) {
    const double scale = static_cast<double>(from) / to;
    const double filter_scale = std::max(scale, 1.0);
    const double support = support_of(filter) * filter_scale;
    const double inverse = 1.0 / filter_scale;
    Taps taps;
    taps.of.reserve(to);
    for (int i = 0; i < to; ++i) {
        const double centre = (i + 0.5) * scale;
        const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
        const int end = std::min(static_cast<int>(centre + support + 0.5), from);
        const std::size_t at = taps.weights.size();
        double sum = 0.0;
        for (int x = first; x < end; ++x) {
            taps.weights.push_back(value_of(filter, (x - centre + 0.5) * inverse));
            sum += taps.weights.back();
        }
        if (sum != 0.0)
            for (std::size_t w = at; w < taps.weights.size(); ++w) taps.weights[w] /= sum;
        taps.of.push_back({first, end - first, at});
    }
    return taps;
}

/// The same with weights in the kernel's fixed point.
struct FixedTaps {
    std::vector<Tap> of;
    std::vector<PairedWeights> weights;
};

FixedTaps fixed_taps_for(int from, int to, Filter filter) {
    constexpr double kOne = 1 << 22;
    const Taps taps = taps_for(from, to, filter);
    FixedTaps fixed;
    std::vector<std::int32_t> weights;
    for (Tap tap : taps.of) {
        weights.clear();
        for (int t = 0; t < tap.count; ++t) {
            const double weight = taps.weights[tap.weights + t] * kOne;
            weights.push_back(static_cast<std::int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5));
        }
        tap.weights = fixed.weights.size();
        append_paired(weights.data(), tap.count, fixed.weights);
        fixed.of.push_back(tap);
    }
    return fixed;
}

/// `count` (at most 16) rows of `bytes` samples to columns: out[16 * i + r] = row r's sample i. Both sides
/// are padded to whole blocks of 16.
void rows_to_columns(const std::uint8_t* rows, std::size_t stride, int count, std::size_t bytes,
                     std::uint8_t* out) {
    std::uint8_t block[kLanes * kLanes] = {};
    for (std::size_t i = 0; i < bytes; i += kLanes) {
        const std::size_t width = std::min<std::size_t>(kLanes, bytes - i);
        if (count == kLanes && width == kLanes) {
            transpose_16x16(rows + i, static_cast<std::ptrdiff_t>(stride), out + i * kLanes, kLanes);
            continue;
        }
        for (int r = 0; r < count; ++r) std::memcpy(block + r * kLanes, rows + r * stride + i, width);
        transpose_16x16(block, kLanes, out + i * kLanes, kLanes);
    }
}

/// The way back.
void columns_to_rows(const std::uint8_t* columns, std::size_t bytes, std::uint8_t* rows, std::size_t stride,
                     int count) {
    std::uint8_t block[kLanes * kLanes];
    for (std::size_t i = 0; i < bytes; i += kLanes) {
        const std::size_t width = std::min<std::size_t>(kLanes, bytes - i);
        if (count == kLanes && width == kLanes) {
            transpose_16x16(columns + i * kLanes, kLanes, rows + i, static_cast<std::ptrdiff_t>(stride));
            continue;
        }
        transpose_16x16(columns + i * kLanes, kLanes, block, kLanes);
        for (int r = 0; r < count; ++r) std::memcpy(rows + r * stride + i, block + r * kLanes, width);
    }
}

std::size_t whole_blocks(std::size_t bytes) { return (bytes + kLanes - 1) / kLanes * kLanes; }

/// 16 rows at a time lie side by side, so that the sums along a row run over 16 rows at once.
Image resize_rows(const Image& picture, int width, Filter filter) {
    const FixedTaps taps = fixed_taps_for(picture.width_px, width, filter);
    const int channels = picture.channels;
    Image out(width, picture.height_px, channels);
    std::vector<std::uint8_t> source(whole_blocks(picture.stride()) * kLanes);
    std::vector<std::uint8_t> target(whole_blocks(out.stride()) * kLanes);
    for (int y = 0; y < picture.height_px; y += kLanes) {
        const int rows = std::min(kLanes, picture.height_px - y);
        rows_to_columns(picture.row(y), picture.stride(), rows, picture.stride(), source.data());
        std::uint8_t* into = target.data();
        for (const Tap& tap : taps.of)
            for (int c = 0; c < channels; ++c, into += kLanes)
                weighted_sum(source.data() + (static_cast<std::size_t>(tap.first) * channels + c) * kLanes,
                             channels * kLanes, tap.count, &taps.weights[tap.weights], into);
        columns_to_rows(target.data(), out.stride(), out.row(y), out.stride(), rows);
    }
    return out;
}

Image resize_columns(const Image& picture, int height, Filter filter) {
    const FixedTaps taps = fixed_taps_for(picture.height_px, height, filter);
    Image out(picture.width_px, height, picture.channels);
    const std::size_t stride = picture.stride(), whole = stride / kLanes * kLanes, rest = stride - whole;
    // The last columns, fewer than 16, in rows of 16.
    std::vector<std::uint8_t> tail(static_cast<std::size_t>(picture.height_px) * kLanes);
    for (int y = 0; y < picture.height_px && rest > 0; ++y)
        std::memcpy(&tail[static_cast<std::size_t>(y) * kLanes], picture.row(y) + whole, rest);
    std::uint8_t tail_out[kLanes];
    for (int y = 0; y < height; ++y) {
        const Tap& tap = taps.of[y];
        const PairedWeights* weights = &taps.weights[tap.weights];
        for (std::size_t i = 0; i < whole; i += kLanes)
            weighted_sum(picture.row(tap.first) + i, static_cast<std::ptrdiff_t>(stride), tap.count, weights,
                         out.row(y) + i);
        if (rest == 0) continue;
        weighted_sum(&tail[static_cast<std::size_t>(tap.first) * kLanes], kLanes, tap.count, weights,
                     tail_out);
        std::memcpy(out.row(y) + whole, tail_out, rest);
    }
    return out;
}

Plane resize_rows(const Plane& plane, int width, Filter filter) {
    const Taps taps = taps_for(plane.width_px, width, filter);
    Plane out(width, plane.height_px);
    for (int y = 0; y < plane.height_px; ++y)
        for (int x = 0; x < width; ++x) {
            const Tap& tap = taps.of[x];
            double sum = 0.0;
            for (int t = 0; t < tap.count; ++t)
                sum += taps.weights[tap.weights + t] * plane.at(tap.first + t, y);
            out.at(x, y) = static_cast<float>(sum);
        }
    return out;
}

Plane resize_columns(const Plane& plane, int height, Filter filter) {
    const Taps taps = taps_for(plane.height_px, height, filter);
    Plane out(plane.width_px, height);
    std::vector<double> sums(plane.width_px);
    for (int y = 0; y < height; ++y) {
        const Tap& tap = taps.of[y];
        std::fill(sums.begin(), sums.end(), 0.0);
        for (int t = 0; t < tap.count; ++t) {
            const double weight = taps.weights[tap.weights + t];
            const float* row = plane.row(tap.first + t);
            for (int x = 0; x < plane.width_px; ++x) sums[x] += weight * row[x];
        }
        for (int x = 0; x < plane.width_px; ++x) out.at(x, y) = static_cast<float>(sums[x]);
    }
    return out;
}

template <class Picture>
Picture resize_both_ways(const Picture& picture, Size size, Filter filter) {
    STILLREEL_CHECK(!picture.empty());
    STILLREEL_CHECK(size.width_px > 0 && size.height_px > 0);
    const bool rows = size.width_px != picture.width_px, columns = size.height_px != picture.height_px;
    if (!rows && !columns) return picture;
    if (!rows) return resize_columns(picture, size.height_px, filter);
    Picture wide = resize_rows(picture, size.width_px, filter);
    return columns ? resize_columns(wide, size.height_px, filter) : wide;
}

/// The part of `area` that lies in a picture of `size`.
Rect inside(const Rect& area, Size size) {
    const int left = std::max(area.x, 0), top = std::max(area.y, 0);
    const int right =
        static_cast<int>(std::min<std::int64_t>(std::int64_t{area.x} + area.width_px, size.width_px));
    const int bottom =
        static_cast<int>(std::min<std::int64_t>(std::int64_t{area.y} + area.height_px, size.height_px));
    return {left, top, std::max(right - left, 0), std::max(bottom - top, 0)};
}

}  // namespace

Image resize(const Image& picture, Size size, Filter filter) {
    return resize_both_ways(picture, size, filter);
}

Plane resize(const Plane& plane, Size size, Filter filter) { return resize_both_ways(plane, size, filter); }

Image crop(const Image& picture, const Rect& area) {
    STILLREEL_CHECK(area.width_px > 0 && area.height_px > 0);
    Image out(area.width_px, area.height_px, picture.channels);
    const Rect part = inside(area, picture.size());
    if (part.width_px == 0) return out;
    for (int y = part.y; y < part.y + part.height_px; ++y)
        std::memcpy(out.at(part.x - area.x, y - area.y), picture.at(part.x, y),
                    static_cast<std::size_t>(part.width_px) * picture.channels);
    return out;
}

Plane crop(const Plane& plane, const Rect& area) {
    STILLREEL_CHECK(area.width_px > 0 && area.height_px > 0);
    Plane out(area.width_px, area.height_px);
    const Rect part = inside(area, plane.size());
    if (part.width_px == 0) return out;
    for (int y = part.y; y < part.y + part.height_px; ++y)
        std::copy_n(plane.row(y) + part.x, part.width_px, &out.at(part.x - area.x, y - area.y));
    return out;
}

}  // namespace stillreel::image
