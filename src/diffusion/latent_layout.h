// Latents lie channels-last with us, [F, h, w, C]. The reference has (1, C, F, h, w) for clips and (F, C, h,
// w) for frames by themselves; its noise is drawn in those orders and its numbers are compared in them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace stillreel::diffusion {

struct LatentSize {
    std::int64_t frames = 1;
    std::int64_t height = 1;
    std::int64_t width = 1;
    std::int64_t channels = 4;
    std::int64_t pixels() const { return height * width; }
    std::size_t elements() const { return static_cast<std::size_t>(frames * pixels() * channels); }
};

/// (N, C, ...) -> [N, ..., C], whatever lies behind the channels.
std::vector<float> channels_last(std::span<const float> numbers, std::int64_t outer, std::int64_t channels);
/// [N, ..., C] -> (N, C, ...)
std::vector<float> channels_first(std::span<const float> numbers, std::int64_t outer, std::int64_t channels);

/// (1, C, F, h, w) -> [F, h, w, C]
std::vector<float> from_clip_layout(std::span<const float> numbers, const LatentSize& size);
/// [F, h, w, C] -> (1, C, F, h, w)
std::vector<float> to_clip_layout(std::span<const float> numbers, const LatentSize& size);
/// (F, C, h, w) -> [F, h, w, C]
std::vector<float> from_frame_layout(std::span<const float> numbers, const LatentSize& size);
/// [F, h, w, C] -> (F, C, h, w)
std::vector<float> to_frame_layout(std::span<const float> numbers, const LatentSize& size);

}  // namespace stillreel::diffusion
