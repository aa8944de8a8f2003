#include <fmt/core.h>

#include <optional>
#include <utility>

#include "models/vae.h"
#include "models/vae_layers.h"
#include "models/vae_tiles.h"
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
    VaeConfig config;
    nn::Conv conv_in;
    std::vector<DownBlock> down_blocks;
    VaeMidBlock mid_block;
    VaeHead head;
    std::optional<nn::Linear> quant_conv;

    Parts(const WeightScope& root, const WeightScope& w, const VaeConfig& c)
        : config(c),
          conv_in(w / "conv_in", c.image_channels, c.channels.front(), tensor::Window::same3x3()),
          mid_block(w / "mid_block", c),
          head(w, c.channels.back(), 2 * c.latent_channels, c.groups) {
        for (std::size_t level = 0; level < c.channels.size(); ++level)
            down_blocks.emplace_back(w / "down_blocks" / static_cast<int>(level), c, level);
        if (c.quant_conv)
            quant_conv.emplace(root / "quant_conv", 2 * c.latent_channels, 2 * c.latent_channels);
    }

    Tensor moments(const Pass& pass, const Tensor& image, const VaeTiling& tiling) const {
        const std::int64_t scale = config.scale();
        return lower(pass, takes_whole(image, tiling)
                               ? upper(pass, image)
                               : in_tiles(pass.ops, image, tiling.tile * scale, tiling.overlap * scale,
                                          [&](const Tensor& part) { return upper(pass, part); }));
    }

    bool takes_whole(const Tensor& image, const VaeTiling& tiling) const {
        return image.shape()[1] * image.shape()[2] <= tiling.whole * config.scale() * config.scale();
    }

    /// What works at large sizes: all blocks that make the picture smaller.
    Tensor upper(const Pass& pass, const Tensor& image) const {
        Tensor x = conv_in(pass.ops, image);
        pass.show("conv_in", x);
        for (std::size_t i = 0; i + 1 < down_blocks.size(); ++i) x = down(pass, i, std::move(x));
        return x;
    }

    Tensor lower(const Pass& pass, Tensor x) const {
        x = down(pass, down_blocks.size() - 1, std::move(x));
        x = mid_block(pass, std::move(x));
        pass.show("mid_block", x);
        x = head(pass, std::move(x));
        return quant_conv ? (*quant_conv)(pass.ops, x) : x;
    }

    Tensor down(const Pass& pass, std::size_t i, Tensor x) const {
        x = down_blocks[i](pass, std::move(x));
        pass.show(fmt::format("down_blocks.{}", i), x);
        return x;
    }
};

VaeEncoder::VaeEncoder(const WeightScope& w, const VaeConfig& config)
    : parts_(std::make_unique<Parts>(w, w / "encoder", config)) {}
VaeEncoder::~VaeEncoder() = default;
VaeEncoder::VaeEncoder(VaeEncoder&&) noexcept = default;

Tensor VaeEncoder::moments(const Pass& pass, const Tensor& image, const VaeTiling& tiling) const {
    const std::int64_t at_once = parts_->takes_whole(image, tiling) ? pass.chunking.images : 1;
    return nn::in_chunks(pass.ops, image, at_once, image.shape()[0], [&](const Tensor& part, std::int64_t) {
        return parts_->moments(unchunked(pass), part, tiling);
    });
}

}  // namespace stillreel::models
