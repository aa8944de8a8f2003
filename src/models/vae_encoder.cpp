#include <fmt/core.h>

#include <optional>
#include <utility>

#include "models/vae.h"
#include "models/vae_layers.h"
#include "nn/chunks.h"

namespace stillreel::models {
namespace {

using nn::Pass;
using tensor::Tensor;
using weights::WeightScope;

/// diffusers' DownEncoderBlock2D.
class DownBlock {
  public:
    DownBlock(const WeightScope& w, const VaeConfig& config, std::size_t level)
        : resnets_(w, config.layers_per_block, config.channels[level ? level - 1 : 0], config.channels[level],
                   config.groups) {
        if (level + 1 < config.channels.size())
            downsampler_.emplace(w / "downsamplers" / 0, config.channels[level],
                                 nn::Downsample::padded_after());
    }

    Tensor operator()(const Pass& pass, Tensor x) const {
        x = resnets_(pass, std::move(x));
        return downsampler_ ? (*downsampler_)(pass, x) : x;
    }

  private:
    VaeResnets resnets_;
    std::optional<nn::Downsample> downsampler_;
};

}  // namespace

struct VaeEncoder::Parts {
    nn::Conv conv_in;
    std::vector<DownBlock> down_blocks;
    VaeMidBlock mid_block;
    VaeHead head;
    std::optional<nn::Linear> quant_conv;

    Parts(const WeightScope& root, const WeightScope& w, const VaeConfig& c)
        : conv_in(w / "conv_in", c.image_channels, c.channels.front(), tensor::Window::same3x3()),
          mid_block(w / "mid_block", c),
          head(w, c.channels.back(), 2 * c.latent_channels, c.groups) {
        for (std::size_t level = 0; level < c.channels.size(); ++level)
            down_blocks.emplace_back(w / "down_blocks" / static_cast<int>(level), c, level);
        if (c.quant_conv)
            quant_conv.emplace(root / "quant_conv", 2 * c.latent_channels, 2 * c.latent_channels);
    }

    Tensor moments(const Pass& pass, const Tensor& image) const {
        Tensor x = conv_in(pass.ops, image);
        pass.show("conv_in", x);
        for (std::size_t i = 0; i < down_blocks.size(); ++i) {
            x = down_blocks[i](pass, std::move(x));
            pass.show(fmt::format("down_blocks.{}", i), x);
        }
        x = mid_block(pass, std::move(x));
        pass.show("mid_block", x);
        x = head(pass, std::move(x));
        return quant_conv ? (*quant_conv)(pass.ops, x) : x;
    }
};

VaeEncoder::VaeEncoder(const WeightScope& w, const VaeConfig& config)
    : parts_(std::make_unique<Parts>(w, w / "encoder", config)) {}
VaeEncoder::~VaeEncoder() = default;
VaeEncoder::VaeEncoder(VaeEncoder&&) noexcept = default;

Tensor VaeEncoder::moments(const Pass& pass, const Tensor& image) const {
    return nn::in_chunks(
        pass.ops, image, pass.chunking.images, image.shape()[0],
        [&](const Tensor& part, std::int64_t) { return parts_->moments(unchunked(pass), part); });
}

}  // namespace stillreel::models
