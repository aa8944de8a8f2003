#include "diffusion/latent_layout.h"

#include "base/check.h"

namespace stillreel::diffusion {
namespace {

/// Calls copy(index channels last, index channels first) for every element.
template <class Copy>
void for_each(std::size_t elements, std::int64_t outer, std::int64_t channels, Copy copy) {
    const auto depth = static_cast<std::size_t>(channels);
    const std::size_t pixels = elements / (static_cast<std::size_t>(outer) * depth);
    STILLREEL_CHECK_EQ(pixels * static_cast<std::size_t>(outer) * depth, elements);
    std::size_t here = 0;
    for (std::size_t begin = 0; begin < elements; begin += depth * pixels)
        for (std::size_t p = 0; p < pixels; ++p)
            for (std::size_t c = 0; c < depth; ++c) copy(here++, begin + c * pixels + p);
}

void check_size(std::span<const float> numbers, const LatentSize& size) {
    STILLREEL_CHECK_EQ(numbers.size(), size.elements());
}

}  // namespace

std::vector<float> channels_last(std::span<const float> numbers, std::int64_t outer, std::int64_t channels) {
    std::vector<float> result(numbers.size());
    for_each(numbers.size(), outer, channels,
             [&](std::size_t last, std::size_t first) { result[last] = numbers[first]; });
    return result;
}

std::vector<float> channels_first(std::span<const float> numbers, std::int64_t outer, std::int64_t channels) {
    std::vector<float> result(numbers.size());
    for_each(numbers.size(), outer, channels,
             [&](std::size_t last, std::size_t first) { result[first] = numbers[last]; });
    return result;
}

std::vector<float> from_clip_layout(std::span<const float> numbers, const LatentSize& size) {
    check_size(numbers, size);
    return channels_last(numbers, 1, size.channels);
}

std::vector<float> to_clip_layout(std::span<const float> numbers, const LatentSize& size) {
    check_size(numbers, size);
    return channels_first(numbers, 1, size.channels);
}

std::vector<float> from_frame_layout(std::span<const float> numbers, const LatentSize& size) {
    check_size(numbers, size);
    return channels_last(numbers, size.frames, size.channels);
}

std::vector<float> to_frame_layout(std::span<const float> numbers, const LatentSize& size) {
    check_size(numbers, size);
    return channels_first(numbers, size.frames, size.channels);
}

}  // namespace stillreel::diffusion
