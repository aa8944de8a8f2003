#include "models/i2vgen_inputs.h"

#include <cmath>

namespace stillreel::models {
namespace {

using tensor::Activation;
using tensor::Ops;
using tensor::Tensor;
using tensor::Window;

constexpr Window kHalving{3, 3, 2, 1, 1, 1, 1};
constexpr std::int64_t kPooledSize = 32;
constexpr int kEncoderHeads = 2;

}  // namespace

Tensor sinusoids(Ops& ops, std::span<const double> values, std::int64_t width) {
    const std::int64_t half = width / 2;
    std::vector<float> table(values.size() * static_cast<std::size_t>(width), 0.0f);
    for (std::size_t n = 0; n < values.size(); ++n) {
        float* row = table.data() + n * static_cast<std::size_t>(width);
        for (std::int64_t i = 0; i < half; ++i) {
            const float exponent =
                -static_cast<float>(std::log(10000.0)) * static_cast<float>(i) / static_cast<float>(half);
            const float angle = static_cast<float>(values[n]) * std::exp(exponent);
            row[i] = std::cos(angle);
            row[half + i] = std::sin(angle);
        }
    }
    return ops.upload({static_cast<std::int64_t>(values.size()), width}, table);
}

Embedder::Embedder(const nn::WeightScope& w, std::string_view first, std::string_view second,
                   const Width& width)
    : first_(w / first, width.in, width.inner), second_(w / second, width.inner, width.out) {}

Tensor Embedder::operator()(Ops& ops, const Tensor& x) const {
    return second_(ops, first_(ops, x, {.activation = Activation::silu}));
}

ImageLatentsProjIn::ImageLatentsProjIn(const nn::WeightScope& w, std::int64_t channels)
    : conv0_(w / 0, channels, 4 * channels, Window::same3x3()),
      conv2_(w / 2, 4 * channels, 4 * channels, Window::same3x3()),
      conv4_(w / 4, 4 * channels, channels, Window::same3x3()) {}

Tensor ImageLatentsProjIn::operator()(Ops& ops, const Tensor& x) const {
    Tensor h = conv0_(ops, x, {.activation = Activation::silu});
    h = conv2_(ops, h, {.activation = Activation::silu});
    return conv4_(ops, h);
}

ImageLatentsTemporalEncoder::ImageLatentsTemporalEncoder(const nn::WeightScope& w, std::int64_t channels)
    : norm1_(w / "norm1", channels, 1e-5f),
      attn1_(w / "attn1", {channels, kEncoderHeads, channels}, nn::Along::frames),
      ff_(w / "ff", channels, 4 * channels, nn::FeedForwardKind::gelu) {}

Tensor ImageLatentsTemporalEncoder::operator()(const nn::Pass& pass, Tensor x) const {
    Tensor normed = norm1_(pass.ops, x);
    x = attn1_(pass, std::move(normed), std::move(x));
    return ff_(pass.ops, x, x);
}

ImageLatentsContextEmbedding::ImageLatentsContextEmbedding(const nn::WeightScope& w, std::int64_t channels,
                                                           std::int64_t context_width)
    : conv0_(w / 0, channels, 8 * channels, Window::same3x3()),
      conv3_(w / 3, 8 * channels, 16 * channels, kHalving),
      conv5_(w / 5, 16 * channels, context_width, kHalving) {}

Tensor ImageLatentsContextEmbedding::operator()(Ops& ops, const Tensor& x) const {
    Tensor h = conv0_(ops, x, {.activation = Activation::silu});
    h = ops.adaptive_average_pool(h, kPooledSize, kPooledSize);
    h = conv3_(ops, h, {.activation = Activation::silu});
    return conv5_(ops, h);
}

}  // namespace stillreel::models
