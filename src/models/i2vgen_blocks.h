// The levels of I2VGen-XL's UNet: pairs of a spatial and a temporal layer, going down, through the middle and
// up. Each can be built from its place in the checkpoint and run alone, for parity.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/i2vgen_unet.h"
#include "nn/resnet_block.h"
#include "nn/temporal_conv.h"
#include "nn/transformer.h"

namespace stillreel::models {

enum class Attends { yes, no };
enum class Resizes { yes, no };

/// What the layers of one level have in common.
struct BlockConfig {
    std::int64_t channels;
    Attends attends;
    std::int64_t head_size;
    int groups;
    std::int64_t embedding;  // width of the time embedding
    std::int64_t context_width;

    nn::TransformerShape transformer() const {
        return {channels, groups, static_cast<int>(channels / head_size), head_size};
    }
};
/// Of down_blocks.<level>, mid_block and up_blocks.<block>.
BlockConfig down_block_config(const UnetConfig& config, std::size_t level);
BlockConfig mid_block_config(const UnetConfig& config);
BlockConfig up_block_config(const UnetConfig& config, std::size_t block);

/// One layer of a block: resnets.i, temp_convs.i and, where the level has them, attentions.i and
/// temp_attentions.i, which are also the names of its taps.
class BlockLayer {
  public:
    struct Attention {
        nn::Transformer2D space;
        nn::TransformerTemporal time;
    };
    /// `block` is the scope of the whole block; `in` counts the channels of x and skip together.
    BlockLayer(const nn::WeightScope& block, int index, std::int64_t in, const BlockConfig& config);

    /// x, and skip where there is one, [B * F, H, W, .] -> [B * F, H, W, channels]. `keys_values` belongs to
    /// the spatial attention; empty for layers without.
    tensor::Tensor operator()(const nn::Pass& pass, tensor::Tensor x, tensor::Tensor skip,
                              const tensor::Tensor& embedding, const tensor::Tensor& keys_values) const;

    /// Null for layers without attention.
    const nn::Transformer2D* attention() const { return attention_ ? &attention_->space : nullptr; }

  private:
    std::string block_;
    int index_;
    nn::ResnetBlock resnet_;
    nn::TemporalConv temp_conv_;
    std::optional<Attention> attention_;

    void show(const nn::Pass& pass, std::string_view list, const tensor::Tensor& output) const;
};

/// What a pass hands to every block.
struct BlockInputs {
    const tensor::Tensor& embedding;              // SiLU(time and fps embedding) [R, E]; R divides B * F
    std::span<const tensor::Tensor> keys_values;  // from the block's keys_values(); empty without attention
};

class DownBlock {
  public:
    struct Output {
        tensor::Tensor hidden;
        std::vector<tensor::Tensor> skips;  // after every layer and after the downsampler
    };
    /// `in` channels of x; the last level has no downsampler.
    DownBlock(const nn::WeightScope& w, std::int64_t in, int layers, Resizes resizes,
              const BlockConfig& config);
    /// One for each layer with attention, from a context [Nc, Sk, context_width].
    std::vector<tensor::Tensor> keys_values(tensor::Ops& ops, const tensor::Tensor& context) const;
    /// Stops when it has given `most` skips; hidden is then the last of them.
    Output operator()(const nn::Pass& pass, tensor::Tensor x, const BlockInputs& inputs,
                      std::size_t most = SIZE_MAX) const;

  private:
    std::vector<BlockLayer> layers_;
    std::optional<nn::Downsample> downsampler_;
};

/// A resnet and a temporal convolution, attention in space and time, and the two again.
class MidBlock {
  public:
    MidBlock(const nn::WeightScope& w, const BlockConfig& config);
    std::vector<tensor::Tensor> keys_values(tensor::Ops& ops, const tensor::Tensor& context) const;
    tensor::Tensor operator()(const nn::Pass& pass, tensor::Tensor x, const BlockInputs& inputs) const;

  private:
    BlockLayer first_;   // with the attention
    BlockLayer second_;  // resnets.1, temp_convs.1
};

class UpBlock {
  public:
    /// Channels of x, and of the skip that the last layer takes; the other skips are as wide as the block.
    struct Width {
        std::int64_t in, last_skip;
    };
    UpBlock(const nn::WeightScope& w, const Width& width, int layers, Resizes resizes,
            const BlockConfig& config);
    std::vector<tensor::Tensor> keys_values(tensor::Ops& ops, const tensor::Tensor& context) const;
    /// Takes as many skips from the end of `skips` as it has layers, the last one first. `size`: of the
    /// result, where it is not twice that of x.
    tensor::Tensor operator()(const nn::Pass& pass, tensor::Tensor x, std::vector<tensor::Tensor>& skips,
                              const BlockInputs& inputs, std::optional<nn::ImageSize> size = {}) const;

    /// operator() in parts: layers first ... last - 1, and the upsampler where the block has one.
    tensor::Tensor run_layers(const nn::Pass& pass, tensor::Tensor x, std::vector<tensor::Tensor>& skips,
                              const BlockInputs& inputs, std::size_t first, std::size_t last) const;
    tensor::Tensor upsampled(const nn::Pass& pass, tensor::Tensor x, std::optional<nn::ImageSize> size) const;

  private:
    std::vector<BlockLayer> layers_;
    std::optional<nn::Upsample> upsampler_;
};

/// conv_norm_out, SiLU, conv_out.
class UnetHead {
  public:
    /// `w` is the root.
    UnetHead(const nn::WeightScope& w, const UnetConfig& config);
    /// [N, H, W, channels[0]] -> [N, H, W, out_channels]
    tensor::Tensor operator()(const nn::Pass& pass, tensor::Tensor x) const;

  private:
    nn::GroupNorm conv_norm_out_;
    nn::Conv conv_out_;
};

/// Parts of the whole UNet by their number, `w` being the scope of the part.
DownBlock make_down_block(const nn::WeightScope& w, const UnetConfig& config, std::size_t level);
MidBlock make_mid_block(const nn::WeightScope& w, const UnetConfig& config);
UpBlock make_up_block(const nn::WeightScope& w, const UnetConfig& config, std::size_t block);
nn::TransformerTemporal make_transformer_in(const nn::WeightScope& w, const UnetConfig& config);

}  // namespace stillreel::models
