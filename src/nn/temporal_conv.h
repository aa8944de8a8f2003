// Convolutions over time only, which give neighbouring frames a common motion.
#pragma once

#include <array>
#include <cstdint>

#include "nn/basic.h"

namespace stillreel::nn {

/// diffusers' TemporalConvLayer: four times norm over the whole clip, SiLU and a convolution over three
/// frames (conv1 ... conv4), plus the input.
class TemporalConv {
  public:
    TemporalConv(const WeightScope& w, std::int64_t channels, int groups);
    /// x [B * pass.frames, H, W, C] -> the same shape.
    Tensor operator()(const Pass& pass, Tensor x) const;

  private:
    struct Stage {
        GroupNorm norm;
        Conv conv;
    };
    std::array<Stage, 4> stages_;
};

}  // namespace stillreel::nn
