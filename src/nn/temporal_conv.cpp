#include "nn/temporal_conv.h"

namespace stillreel::nn {
namespace {

constexpr float kEpsilon = 1e-5f;  // torch's default

}  // namespace

// conv1 is norm, SiLU, convolution; the later ones have a dropout before the convolution, which counts as a
// part.
TemporalConv::TemporalConv(const WeightScope& w, std::int64_t channels, int groups)
    : stages_([&] {
          const auto made = [&](std::string_view name, int place) {
              return Stage{GroupNorm(w / name / 0, {channels, groups, kEpsilon}),
                           Conv(w / name / place, channels, channels, tensor::Window::temporal3())};
          };
          return std::array{made("conv1", 2), made("conv2", 3), made("conv3", 3), made("conv4", 3)};
      }()) {}

Tensor TemporalConv::operator()(const Pass& pass, Tensor x) const {
    const tensor::Shape shape = x.shape();
    const tensor::Shape clips{shape[0] / pass.frames, pass.frames, shape[1] * shape[2], shape[3]};
    const auto run = [&](const Stage& stage, Tensor h, Tensor residual) {
        h = stage.norm(pass.ops, std::move(h), pass.frames, tensor::Activation::silu);
        return stage.conv(pass.ops, h.reshaped(clips), {.residual = std::move(residual)}).reshaped(shape);
    };
    Tensor h = run(stages_[0], x, {});
    h = run(stages_[1], std::move(h), {});
    h = run(stages_[2], std::move(h), {});
    return run(stages_[3], std::move(h), std::move(x));
}

}  // namespace stillreel::nn
