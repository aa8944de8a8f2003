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

/// diffusers' UpDecoderBlock2D.
class UpBlock {
  public:
    /// `level` counts from the smallest pictures on.
    UpBlock(const WeightScope& w, const VaeConfig& config, std::size_t level)
        : resnets_(w, config.layers_per_block + 1, width(config, level ? level - 1 : 0), width(config, level),
                   config.groups) {
        if (level + 1 < config.channels.size())
            upsampler_.emplace(w / "upsamplers" / 0, width(config, level), nn::Upsample::Sizes::twice);
    }

    Tensor operator()(const Pass& pass, Tensor x) const {
        x = resnets_(pass, std::move(x));
        return upsampler_ ? (*upsampler_)(pass, std::move(x)) : x;
    }

  private:
    static std::int64_t width(const VaeConfig& config, std::size_t level) {
        return config.channels[config.channels.size() - 1 - level];
    }

    VaeResnets resnets_;
    std::optional<nn::Upsample> upsampler_;
};

}  // namespace

struct VaeDecoder::Parts {
    std::optional<nn::Linear> post_quant_conv;
    nn::Conv conv_in;
    VaeMidBlock mid_block;
    std::vector<UpBlock> up_blocks;
    VaeHead head;

    Parts(const WeightScope& root, const WeightScope& w, const VaeConfig& c)
        : conv_in(w / "conv_in", c.latent_channels, c.channels.back(), tensor::Window::same3x3()),
          mid_block(w / "mid_block", c),
          head(w, c.channels.front(), c.image_channels, c.groups) {
        if (c.post_quant_conv)
            post_quant_conv.emplace(root / "post_quant_conv", c.latent_channels, c.latent_channels);
        for (std::size_t level = 0; level < c.channels.size(); ++level)
            up_blocks.emplace_back(w / "up_blocks" / static_cast<int>(level), c, level);
    }

    Tensor decode(const Pass& pass, const Tensor& latents, const VaeTiling& tiling) const {
        Tensor x = lower(pass, latents);
        if (takes_whole(latents, tiling)) return upper(pass, std::move(x));
        // The first block has made everything twice as large already.
        const std::int64_t scale = x.shape()[1] / latents.shape()[1];
        return in_tiles(pass.ops, x, tiling.tile * scale, tiling.overlap * scale,
                        [&](Tensor part) { return upper(pass, std::move(part)); });
    }

    static bool takes_whole(const Tensor& latents, const VaeTiling& tiling) {
        return latents.shape()[1] * latents.shape()[2] <= tiling.whole;
    }

    /// What sees the whole frame: all that works at small sizes.
    Tensor lower(const Pass& pass, const Tensor& latents) const {
        Tensor x = post_quant_conv ? (*post_quant_conv)(pass.ops, latents) : latents;
        pass.show("post_quant_conv", x);
        x = conv_in(pass.ops, x);
        pass.show("conv_in", x);
        x = mid_block(pass, std::move(x));
        pass.show("mid_block", x);
        return up(pass, 0, std::move(x));
    }

    Tensor upper(const Pass& pass, Tensor x) const {
        for (std::size_t i = 1; i < up_blocks.size(); ++i) x = up(pass, i, std::move(x));
        return head(pass, std::move(x));
    }

    Tensor up(const Pass& pass, std::size_t i, Tensor x) const {
        x = up_blocks[i](pass, std::move(x));
        pass.show(fmt::format("up_blocks.{}", i), x);
        return x;
    }
};

VaeDecoder::VaeDecoder(const WeightScope& w, const VaeConfig& config)
    : parts_(std::make_unique<Parts>(w, w / "decoder", config)) {}
VaeDecoder::~VaeDecoder() = default;
VaeDecoder::VaeDecoder(VaeDecoder&&) noexcept = default;

weights::PrecisionPolicy VaeDecoder::precision_policy(tensor::Precision precision) {
    return [precision](std::string_view path) {
        // Shortcuts see numbers that no norm has evened out. So do upsamplers, but those are a third of the
        // time.
        const bool repeated =
            path.starts_with("decoder.mid_block.resnets.") || path.starts_with("decoder.up_blocks.");
        const bool int8 =
            precision == tensor::Precision::int8 && repeated && !path.ends_with(".conv_shortcut");
        return int8 ? precision : tensor::Precision::f32;
    };
}

Tensor VaeDecoder::decode(const Pass& pass, const Tensor& latents, const VaeTiling& tiling) const {
    const std::int64_t at_once = Parts::takes_whole(latents, tiling) ? pass.chunking.images : 1;
    return nn::in_chunks(
        pass.ops, latents, at_once, latents.shape()[0],
        [&](const Tensor& part, std::int64_t) { return parts_->decode(unchunked(pass), part, tiling); });
}

}  // namespace stillreel::models
