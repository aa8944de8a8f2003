#include "models/i2vgen_blocks.h"

#include <fmt/core.h>

#include "base/check.h"

namespace stillreel::models {
namespace {

using nn::Pass;
using nn::WeightScope;
using tensor::Ops;
using tensor::Tensor;

constexpr float kResnetEpsilon = 1e-5f;
constexpr int kTransformerInHeads = 8;

BlockConfig block_config(const UnetConfig& config, std::size_t level, Attends attends) {
    return {config.channels[level], attends, config.head_size[level], config.groups, config.channels[0] * 4,
            config.context_width};
}

Attends attends(bool does) { return does ? Attends::yes : Attends::no; }

std::vector<Tensor> keys_values_of(const std::vector<BlockLayer>& layers, Ops& ops, const Tensor& context) {
    std::vector<Tensor> all;
    for (const BlockLayer& layer : layers)
        if (layer.attention()) all.push_back(layer.attention()->keys_values(ops, context));
    return all;
}

Tensor layers_own(const BlockLayer& layer, const BlockInputs& inputs, std::size_t index) {
    if (!layer.attention()) return {};
    STILLREEL_CHECK(index < inputs.keys_values.size());
    return inputs.keys_values[index];
}

}  // namespace

BlockConfig down_block_config(const UnetConfig& config, std::size_t level) {
    return block_config(config, level, attends(config.down_attention[level]));
}

BlockConfig mid_block_config(const UnetConfig& config) {
    return block_config(config, config.channels.size() - 1, Attends::yes);
}

BlockConfig up_block_config(const UnetConfig& config, std::size_t block) {
    return block_config(config, config.channels.size() - 1 - block, attends(config.up_attention[block]));
}

BlockLayer::BlockLayer(const WeightScope& block, int index, std::int64_t in, const BlockConfig& config)
    : block_(block.path()),
      index_(index),
      resnet_(block / "resnets" / index,
              {in, config.channels, config.groups, kResnetEpsilon, config.embedding}),
      temp_conv_(block / "temp_convs" / index, config.channels, config.groups) {
    if (config.attends == Attends::no) return;
    attention_.emplace(
        Attention{nn::Transformer2D(block / "attentions" / index, config.transformer(), config.context_width),
                  nn::TransformerTemporal(block / "temp_attentions" / index, config.transformer())});
}

Tensor BlockLayer::operator()(const Pass& pass, Tensor x, Tensor skip, const Tensor& embedding,
                              const Tensor& keys_values) const {
    x = resnet_.joined(pass, std::move(x), std::move(skip), embedding);
    show(pass, "resnets", x);
    x = temp_conv_(pass, std::move(x));
    show(pass, "temp_convs", x);
    if (!attention_) return x;
    x = attention_->space(pass, std::move(x), keys_values);
    show(pass, "attentions", x);
    x = attention_->time(pass, std::move(x));
    show(pass, "temp_attentions", x);
    return x;
}

void BlockLayer::show(const Pass& pass, std::string_view list, const Tensor& output) const {
    if (pass.tap) pass.show(fmt::format("{}.{}.{}", block_, list, index_), output);
}

DownBlock::DownBlock(const WeightScope& w, std::int64_t in, int layers, Resizes resizes,
                     const BlockConfig& config) {
    for (int i = 0; i < layers; ++i) layers_.emplace_back(w, i, i == 0 ? in : config.channels, config);
    if (resizes == Resizes::yes)
        downsampler_.emplace(w / "downsamplers" / 0, config.channels, nn::Downsample::padded_around());
}

std::vector<Tensor> DownBlock::keys_values(Ops& ops, const Tensor& context) const {
    return keys_values_of(layers_, ops, context);
}

DownBlock::Output DownBlock::operator()(const Pass& pass, Tensor x, const BlockInputs& inputs,
                                        std::size_t most) const {
    Output out;
    for (std::size_t i = 0; i < layers_.size() && i < most; ++i) {
        x = layers_[i](pass, std::move(x), {}, inputs.embedding, layers_own(layers_[i], inputs, i));
        out.skips.push_back(x);
    }
    if (downsampler_ && out.skips.size() < most) {
        x = (*downsampler_)(pass, x);
        out.skips.push_back(x);
    }
    out.hidden = std::move(x);
    return out;
}

MidBlock::MidBlock(const WeightScope& w, const BlockConfig& config)
    : first_(w, 0, config.channels, config), second_([&] {
          BlockConfig plain = config;
          plain.attends = Attends::no;
          return BlockLayer(w, 1, config.channels, plain);
      }()) {}

std::vector<Tensor> MidBlock::keys_values(Ops& ops, const Tensor& context) const {
    return {first_.attention()->keys_values(ops, context)};
}

Tensor MidBlock::operator()(const Pass& pass, Tensor x, const BlockInputs& inputs) const {
    x = first_(pass, std::move(x), {}, inputs.embedding, layers_own(first_, inputs, 0));
    return second_(pass, std::move(x), {}, inputs.embedding, {});
}

UpBlock::UpBlock(const WeightScope& w, const Width& width, int layers, Resizes resizes,
                 const BlockConfig& config) {
    for (int i = 0; i < layers; ++i) {
        const std::int64_t in = i == 0 ? width.in : config.channels;
        const std::int64_t skip = i == layers - 1 ? width.last_skip : config.channels;
        layers_.emplace_back(w, i, in + skip, config);
    }
    if (resizes == Resizes::yes)
        upsampler_.emplace(w / "upsamplers" / 0, config.channels, nn::Upsample::Sizes::any);
}

std::vector<Tensor> UpBlock::keys_values(Ops& ops, const Tensor& context) const {
    return keys_values_of(layers_, ops, context);
}

Tensor UpBlock::operator()(const Pass& pass, Tensor x, std::vector<Tensor>& skips, const BlockInputs& inputs,
                           std::optional<nn::ImageSize> size) const {
    return upsampled(pass, run_layers(pass, std::move(x), skips, inputs, 0, layers_.size()), size);
}

Tensor UpBlock::run_layers(const Pass& pass, Tensor x, std::vector<Tensor>& skips, const BlockInputs& inputs,
                           std::size_t first, std::size_t last) const {
    STILLREEL_CHECK(first <= last && last <= layers_.size() && skips.size() >= last - first);
    for (std::size_t i = first; i < last; ++i) {
        Tensor skip = std::move(skips.back());
        skips.pop_back();
        x = layers_[i](pass, std::move(x), std::move(skip), inputs.embedding,
                       layers_own(layers_[i], inputs, i));
    }
    return x;
}

Tensor UpBlock::upsampled(const Pass& pass, Tensor x, std::optional<nn::ImageSize> size) const {
    return upsampler_ ? (*upsampler_)(pass, std::move(x), size) : x;
}

UnetHead::UnetHead(const WeightScope& w, const UnetConfig& config)
    : conv_norm_out_(w / "conv_norm_out", {config.channels[0], config.groups, kResnetEpsilon}),
      conv_out_(w / "conv_out", config.channels[0], config.out_channels, tensor::Window::same3x3()) {}

Tensor UnetHead::operator()(const Pass& pass, Tensor x) const {
    x = conv_norm_out_(pass.ops, std::move(x), 1, tensor::Activation::silu);
    return conv_out_(pass.ops, x);
}

DownBlock make_down_block(const WeightScope& w, const UnetConfig& config, std::size_t level) {
    const std::int64_t in = config.channels[level == 0 ? 0 : level - 1];
    const Resizes resizes = level + 1 < config.channels.size() ? Resizes::yes : Resizes::no;
    return DownBlock(w, in, config.layers_per_block, resizes, down_block_config(config, level));
}

MidBlock make_mid_block(const WeightScope& w, const UnetConfig& config) {
    return MidBlock(w, mid_block_config(config));
}

UpBlock make_up_block(const WeightScope& w, const UnetConfig& config, std::size_t block) {
    const std::size_t last = config.channels.size() - 1;
    const std::size_t level = last - block;
    const UpBlock::Width width{config.channels[std::min(level + 1, last)],
                               config.channels[level == 0 ? 0 : level - 1]};
    const Resizes resizes = level > 0 ? Resizes::yes : Resizes::no;
    return UpBlock(w, width, config.layers_per_block + 1, resizes, up_block_config(config, block));
}

nn::TransformerTemporal make_transformer_in(const WeightScope& w, const UnetConfig& config) {
    return nn::TransformerTemporal(
        w, {config.channels[0], config.groups, kTransformerInHeads, config.head_size[0]});
}

}  // namespace stillreel::models
