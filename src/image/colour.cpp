#include "image/colour.h"

#include <fmt/core.h>
#include <lcms2.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace stillreel::image {
namespace {

struct CloseProfile {
    void operator()(void* profile) const { cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, CloseProfile>;

cmsColorSpaceSignature space_of(Layout layout) {
    switch (layout) {
        case Layout::grey:
        case Layout::grey_alpha:
            return cmsSigGrayData;
        case Layout::rgb:
        case Layout::rgba:
            return cmsSigRgbData;
        case Layout::cmyk:
            break;
    }
    return cmsSigCmykData;
}

cmsUInt32Number format_of(Layout layout) {
    switch (layout) {
        case Layout::grey:
            return TYPE_GRAY_8;
        case Layout::grey_alpha:
            return TYPE_GRAYA_8;
        case Layout::rgb:
            return TYPE_RGB_8;
        case Layout::rgba:
            return TYPE_RGBA_8;
        case Layout::cmyk:
            break;
    }
    return TYPE_CMYK_8;
}

bool describes_a_device(cmsHPROFILE profile) {
    const cmsProfileClassSignature kind = cmsGetDeviceClass(profile);
    return kind == cmsSigInputClass || kind == cmsSigDisplayClass || kind == cmsSigOutputClass ||
           kind == cmsSigColorSpaceClass;
}

void grey_to_rgb(const std::uint8_t* grey, int step, std::uint8_t* rgb, int count) {
    for (int i = 0; i < count; ++i) rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey[i * step];
}

void rgba_to_rgb(const std::uint8_t* rgba, std::uint8_t* rgb, int count) {
    for (int i = 0; i < count; ++i)
        for (int c = 0; c < 3; ++c) rgb[3 * i + c] = rgba[4 * i + c];
}

/// round(v / 255) for v in 0 ... 255 * 255; there are no ties.
std::uint8_t by_255(unsigned v) { return static_cast<std::uint8_t>((v + 127) / 255); }

void cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, int count) {
    for (int i = 0; i < count; ++i)
        for (int c = 0; c < 3; ++c)
            rgb[3 * i + c] = by_255((255u - cmyk[4 * i + c]) * (255u - cmyk[4 * i + 3]));
}

void lay_on(Colour background, const std::uint8_t* alpha, int step, std::uint8_t* rgb, int count) {
    const unsigned under[3] = {background.r, background.g, background.b};
    for (int i = 0; i < count; ++i) {
        const unsigned a = alpha[i * step];
        if (a == 255) continue;
        for (int c = 0; c < 3; ++c) rgb[3 * i + c] = by_255(rgb[3 * i + c] * a + under[c] * (255 - a));
    }
}

void without_profile(Layout layout, const std::uint8_t* samples, std::uint8_t* rgb, int count) {
    switch (layout) {
        case Layout::grey:
            return grey_to_rgb(samples, 1, rgb, count);
        case Layout::grey_alpha:
            return grey_to_rgb(samples, 2, rgb, count);
        case Layout::rgb:
            std::memcpy(rgb, samples, static_cast<std::size_t>(count) * 3);
            return;
        case Layout::rgba:
            return rgba_to_rgb(samples, rgb, count);
        case Layout::cmyk:
            return cmyk_to_rgb(samples, rgb, count);
    }
}

/// A lattice of colours that shows what a transform does.
std::vector<std::uint8_t> sample_colours(Layout layout) {
    constexpr int kStep = 17;
    std::vector<std::uint8_t> samples;
    if (layout == Layout::grey || layout == Layout::grey_alpha) {
        for (int v = 0; v < 256; ++v) {
            samples.push_back(static_cast<std::uint8_t>(v));
            if (layout == Layout::grey_alpha) samples.push_back(255);
        }
        return samples;
    }
    for (int r = 0; r < 256; r += kStep)
        for (int g = 0; g < 256; g += kStep)
            for (int b = 0; b < 256; b += kStep) {
                for (const int v : {r, g, b}) samples.push_back(static_cast<std::uint8_t>(v));
                if (layout == Layout::rgba) samples.push_back(255);
            }
    return samples;
}

}  // namespace

struct RowToRgb::Transform {
    cmsHTRANSFORM handle = nullptr;

    Transform() = default;
    ~Transform() {
        if (handle) cmsDeleteTransform(handle);
    }
    Transform(const Transform&) = delete;
    Transform& operator=(const Transform&) = delete;

    /// Nothing when the profile cannot be used for this layout.
    static std::unique_ptr<Transform> open(Layout layout, std::span<const std::uint8_t> icc) {
        if (icc.empty() || icc.size() > UINT32_MAX) return nullptr;
        const Profile from(cmsOpenProfileFromMem(icc.data(), static_cast<cmsUInt32Number>(icc.size())));
        if (!from || cmsGetColorSpace(from.get()) != space_of(layout) || !describes_a_device(from.get()))
            return nullptr;
        const Profile to(cmsCreate_sRGBProfile());
        auto transform = std::make_unique<Transform>();
        transform->handle =
            cmsCreateTransform(from.get(), format_of(layout), to.get(), TYPE_RGB_8, INTENT_PERCEPTUAL, 0);
        return transform->handle ? std::move(transform) : nullptr;
    }

    /// Most pictures carry an sRGB profile under one of its many names: within one level of no change at all.
    bool changes_nothing(Layout layout) const {
        if (layout == Layout::cmyk) return false;
        const std::vector<std::uint8_t> samples = sample_colours(layout);
        const int count = static_cast<int>(samples.size()) / channels_of(layout);
        std::vector<std::uint8_t> plain(count * 3), changed(count * 3);
        without_profile(layout, samples.data(), plain.data(), count);
        cmsDoTransform(handle, samples.data(), changed.data(), static_cast<cmsUInt32Number>(count));
        return std::equal(plain.begin(), plain.end(), changed.begin(),
                          [](int a, int b) { return std::abs(a - b) <= 1; });
    }
};

RowToRgb::RowToRgb(Layout layout, std::span<const std::uint8_t> icc, Colour background)
    : layout_(layout), background_(background), transform_(Transform::open(layout, icc)) {
    if (transform_ && transform_->changes_nothing(layout)) transform_.reset();
}
RowToRgb::~RowToRgb() = default;
RowToRgb::RowToRgb(RowToRgb&&) noexcept = default;
RowToRgb& RowToRgb::operator=(RowToRgb&&) noexcept = default;

void RowToRgb::convert(const std::uint8_t* samples, std::uint8_t* rgb, int count) const {
    if (transform_)
        cmsDoTransform(transform_->handle, samples, rgb, static_cast<cmsUInt32Number>(count));
    else
        without_profile(layout_, samples, rgb, count);
    if (layout_ == Layout::grey_alpha) lay_on(background_, samples + 1, 2, rgb, count);
    if (layout_ == Layout::rgba) lay_on(background_, samples + 3, 4, rgb, count);
}

}  // namespace stillreel::image
