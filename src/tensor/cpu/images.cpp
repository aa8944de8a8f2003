#include "tensor/cpu/images.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace stillreel::tensor {
namespace {

/// The input rows (or columns) that average into one of the output.
struct Span {
    std::int64_t begin, end;
    Span(std::int64_t i, std::int64_t in, std::int64_t out)
        : begin(i * in / out), end(((i + 1) * in + out - 1) / out) {}
};

void average_row(const ImageArgs& args, std::int64_t image, std::int64_t row, float* y) {
    const Span rows(row, args.in_h, args.out_h);
    std::vector<double> sums(static_cast<std::size_t>(args.channels));
    for (std::int64_t column = 0; column < args.out_w; ++column) {
        const Span columns(column, args.in_w, args.out_w);
        std::ranges::fill(sums, 0.0);
        for (std::int64_t h = rows.begin; h < rows.end; ++h) {
            const float* x = args.x + ((image * args.in_h + h) * args.in_w + columns.begin) * args.channels;
            for (std::int64_t w = columns.begin; w < columns.end; ++w, x += args.channels)
                for (std::int64_t c = 0; c < args.channels; ++c) sums[c] += x[c];
        }
        const double share =
            1.0 / static_cast<double>((rows.end - rows.begin) * (columns.end - columns.begin));
        for (std::int64_t c = 0; c < args.channels; ++c) *y++ = static_cast<float>(sums[c] * share);
    }
}

}  // namespace

void upsample_nearest(Crew& crew, const ImageArgs& args) {
    const std::size_t pixel = static_cast<std::size_t>(args.channels) * sizeof(float);
    crew.for_each(args.images * args.out_h, [&](std::int64_t row) {
        const std::int64_t image = row / args.out_h, from = row % args.out_h * args.in_h / args.out_h;
        const float* x = args.x + (image * args.in_h + from) * args.in_w * args.channels;
        float* y = args.y + row * args.out_w * args.channels;
        for (std::int64_t column = 0; column < args.out_w; ++column, y += args.channels)
            std::memcpy(y, x + column * args.in_w / args.out_w * args.channels, pixel);
    });
}

void adaptive_average_pool(Crew& crew, const ImageArgs& args) {
    crew.for_each(args.images * args.out_h, [&](std::int64_t row) {
        average_row(args, row / args.out_h, row % args.out_h, args.y + row * args.out_w * args.channels);
    });
}

}  // namespace stillreel::tensor
