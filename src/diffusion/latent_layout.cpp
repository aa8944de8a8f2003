#include "diffusion/latent_layout.h"

#include "base/check.h"

namespace stillreel::diffusion {
namespace {

/// Where the element (frame, channel, pixel 0) of a reference layout lies.
struct Planes {
    std::int64_t of_frame;
    std::int64_t of_channel;
};
Planes clip_planes(const LatentSize& size) { return {size.pixels(), size.frames * size.pixels()}; }
Planes frame_planes(const LatentSize& size) { return {size.channels * size.pixels(), size.pixels()}; }

/// Calls copy(index channels-last, index in the reference's layout) for every element.
template <class Copy>
void for_each(const LatentSize& size, const Planes& planes, Copy copy) {
    std::size_t here = 0;
    for (std::int64_t f = 0; f < size.frames; ++f)
        for (std::int64_t p = 0; p < size.pixels(); ++p)
            for (std::int64_t c = 0; c < size.channels; ++c)
                copy(here++, static_cast<std::size_t>(f * planes.of_frame + c * planes.of_channel + p));
}

std::vector<float> gathered(std::span<const float> numbers, const LatentSize& size, const Planes& planes) {
    STILLREEL_CHECK_EQ(numbers.size(), size.elements());
    std::vector<float> result(numbers.size());
    for_each(size, planes, [&](std::size_t here, std::size_t there) { result[here] = numbers[there]; });
    return result;
}

std::vector<float> scattered(std::span<const float> numbers, const LatentSize& size, const Planes& planes) {
    STILLREEL_CHECK_EQ(numbers.size(), size.elements());
    std::vector<float> result(numbers.size());
    for_each(size, planes, [&](std::size_t here, std::size_t there) { result[there] = numbers[here]; });
    return result;
}

}  // namespace

std::vector<float> from_clip_layout(std::span<const float> numbers, const LatentSize& size) {
    return gathered(numbers, size, clip_planes(size));
}

std::vector<float> to_clip_layout(std::span<const float> numbers, const LatentSize& size) {
    return scattered(numbers, size, clip_planes(size));
}

std::vector<float> from_frame_layout(std::span<const float> numbers, const LatentSize& size) {
    return gathered(numbers, size, frame_planes(size));
}

std::vector<float> to_frame_layout(std::span<const float> numbers, const LatentSize& size) {
    return scattered(numbers, size, frame_planes(size));
}

}  // namespace stillreel::diffusion
