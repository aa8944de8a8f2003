// Parts of the UNet, each built from its place in the checkpoint and run on what one pass of the reference
// gave it.
#include <fmt/core.h>

#include <sstream>

#include "base/error.h"
#include "component.h"
#include "layout.h"
#include "models/i2vgen_blocks.h"
#include "models/i2vgen_inputs.h"
#include "runners.h"

namespace stillreel::parity {
namespace {

using tensor::Ops;
using tensor::Shape;
using tensor::Tensor;
using weights::WeightScope;

constexpr float kEpsilon = 1e-5f;

/// "unet.mid_block.attentions.0" -> mid_block, attentions, 0.
std::vector<std::string> parts_of(const std::string& module) {
    std::vector<std::string> parts;
    std::istringstream words(module);
    for (std::string word; std::getline(words, word, '.');) parts.push_back(word);
    if (!parts.empty() && parts.front() == "unet") parts.erase(parts.begin());
    return parts;
}

/// Everything that a part may need to run.
struct Part {
    const GoldenCase& golden;
    Results& results;
    const Component& component;
    models::UnetConfig config;
    std::vector<std::string> path;

    Ops& ops() const { return *component.ops; }
    WeightScope root() const { return component.loader->root(); }
    WeightScope scope() const {
        WeightScope scope = root();
        for (const std::string& part : path) scope = scope / part;
        return scope;
    }
    Tensor images(const char* name) const { return images_of(ops(), golden.at(name)); }
    Tensor tokens(const char* name) const { return tensor_of(ops(), golden.at(name)); }
    nn::Pass pass() const {
        return component.pass(golden.params.value("num_frames", golden.params.value("frames", 1)));
    }
    Tensor embedding() const { return ops().activate(tokens("in.temb"), tensor::Activation::silu); }
    void check_images(const char* name, const Tensor& got) const { results.check(name, channels_first(got)); }

    /// Of the block that the part lies in.
    models::BlockConfig block() const {
        if (path.front() == "down_blocks") return down_block_config(config, std::stoul(path.at(1)));
        if (path.front() == "up_blocks") return up_block_config(config, std::stoul(path.at(1)));
        return down_block_config(config, config.channels.size() - 1);
    }
    /// Of attention over `channels`.
    nn::AttentionConfig attention(std::int64_t channels) const {
        const std::int64_t size = block().head_size;
        return {channels, static_cast<int>(channels / size), size};
    }
    nn::TransformerShape transformer(std::int64_t channels) const {
        const nn::AttentionConfig heads = attention(channels);
        return {channels, config.groups, heads.heads, heads.head_size};
    }
};

/// [P, F, C] -> [F, P, C], or back: every pixel for itself is a clip of one pixel to us.
Tensor swap_first(Ops& ops, const Tensor& x) {
    const std::int64_t a = x.shape()[0], b = x.shape()[1], c = x.shape()[2];
    const std::span<const float> from = x.span();
    std::vector<float> to(from.size());
    for (std::int64_t i = 0; i < a; ++i)
        for (std::int64_t j = 0; j < b; ++j)
            std::copy_n(from.begin() + (i * b + j) * c, c, to.begin() + (j * a + i) * c);
    return ops.upload({b, a, c}, to);
}

void run_time_embedding(const Part& part) {
    const std::int64_t width = part.config.channels.front();
    const std::vector<double>& times = part.golden.at("in.timestep").values;
    const std::vector<double>& rates = part.golden.at("in.fps").values;
    Ops& ops = part.ops();
    const Tensor time = models::sinusoids(ops, times, width);
    const Tensor fps = models::sinusoids(ops, rates, width);
    part.results.check("out.time_sinusoid", time.span());
    part.results.check("out.fps_sinusoid", fps.span());
    const models::Embedder::Width widths{width, 4 * width, 4 * width};
    const models::Embedder embed_time(part.root() / "time_embedding", "linear_1", "linear_2", widths);
    const models::Embedder embed_fps(part.root() / "fps_embedding", "0", "2", widths);
    const Tensor of_time = embed_time(ops, time);
    const Tensor of_fps = embed_fps(ops, fps);
    part.results.check("out.time_emb", of_time.span());
    part.results.check("out.fps_emb", of_fps.span());
    part.results.check("out.emb", ops.add(of_time, of_fps).span());
}

void run_context_embedding(const Part& part) {
    const models::ImageLatentsContextEmbedding embed(part.scope(), part.config.in_channels,
                                                     part.config.context_width);
    for (const std::string& name : part.golden.names("in.latents.")) {
        const std::string size = name.substr(name.rfind('.') + 1);
        const Tensor result = embed(part.ops(), images_of(part.ops(), part.golden.at(name)));
        part.check_images(fmt::format("out.embedding.{}", size).c_str(), result);
    }
}

void run_proj_in(const Part& part) {
    const models::ImageLatentsProjIn layer(part.scope(), part.config.in_channels);
    part.check_images("out.hidden_states", layer(part.ops(), part.images("in.hidden_states")));
}

void run_temporal_encoder(const Part& part) {
    const models::ImageLatentsTemporalEncoder layer(part.scope(), part.config.in_channels);
    const Tensor pixels = swap_first(part.ops(), part.tokens("in.hidden_states"));
    const Tensor result = layer(part.component.pass(pixels.shape()[0]), pixels);
    part.results.check("out.hidden_states", swap_first(part.ops(), result).span());
}

void run_conv_in(const Part& part) {
    const Tensor x = part.images("in.hidden_states");
    const nn::Conv conv(part.scope(), x.shape()[-1], part.config.channels.front(), tensor::Window::same3x3());
    part.check_images("out.hidden_states", conv(part.ops(), x));
}

void run_head(const Part& part) {
    const models::UnetHead head(part.root(), part.config);
    part.check_images("out.hidden_states", head(part.pass(), part.images("in.hidden_states")));
}

void run_transformer_in(const Part& part) {
    const auto layer = models::make_transformer_in(part.scope(), part.config);
    part.check_images("out.hidden_states", layer(part.pass(), part.images("in.hidden_states")));
}

void run_temporal_transformer(const Part& part) {
    const Tensor x = part.images("in.hidden_states");
    const nn::TransformerTemporal layer(part.scope(), part.transformer(x.shape()[-1]));
    part.check_images("out.hidden_states", layer(part.pass(), x));
}

void run_spatial_transformer(const Part& part) {
    const Tensor x = part.images("in.hidden_states");
    const nn::Transformer2D layer(part.scope(), part.transformer(x.shape()[-1]), part.config.context_width);
    const Tensor context = layer.keys_values(part.ops(), part.tokens("in.encoder_hidden_states"));
    part.check_images("out.hidden_states", layer(part.pass(), x, context));
}

/// Of a spatial transformer when it is given a context, of a temporal one otherwise.
void run_transformer_block(const Part& part) {
    Tensor x = part.tokens("in.hidden_states");
    nn::TransformerConfig config{part.attention(x.shape()[-1])};
    if (part.golden.has("in.encoder_hidden_states")) {
        config.context_width = part.config.context_width;
        const nn::TransformerBlock block(part.scope(), config);
        const Tensor context = block.keys_values(part.ops(), part.tokens("in.encoder_hidden_states"));
        part.results.check("out.hidden_states", block(part.pass(), x, context).span());
        return;
    }
    config.along = nn::Along::frames;
    const nn::TransformerBlock block(part.scope(), config);
    x = swap_first(part.ops(), x);
    const Tensor result = block(part.component.pass(x.shape()[0]), x);
    part.results.check("out.hidden_states", swap_first(part.ops(), result).span());
}

void run_self_attention(const Part& part) {
    const Tensor x = part.tokens("in.hidden_states");
    // Whatever the tokens are, pixels or frames: they see those of their own row.
    const nn::SelfAttention layer(part.scope(), part.attention(x.shape()[-1]), nn::Along::image);
    part.results.check("out.hidden_states", layer(part.pass(), x, {}).span());
}

/// In temporal blocks the second attention has no context either.
void run_second_attention(const Part& part) {
    if (!part.golden.has("in.encoder_hidden_states")) return run_self_attention(part);
    const Tensor x = part.tokens("in.hidden_states");
    const nn::CrossAttention layer(part.scope(), part.attention(x.shape()[-1]), part.config.context_width);
    const Tensor context = layer.keys_values(part.ops(), part.tokens("in.encoder_hidden_states"));
    part.results.check("out.hidden_states", layer(part.pass(), x, context, {}).span());
}

void run_feed_forward(const Part& part) {
    const Tensor x = part.tokens("in.hidden_states");
    const std::int64_t width = x.shape()[-1];
    const nn::FeedForward layer(part.scope(), width, 4 * width, nn::FeedForwardKind::geglu);
    part.results.check("out.hidden_states", layer(part.ops(), x, {}).span());
}

void run_resnet(const Part& part) {
    const Tensor x = part.images(part.golden.has("in.input_tensor") ? "in.input_tensor" : "in.hidden_states");
    const std::int64_t out = part.golden.at("out.hidden_states").shape[1];
    const Tensor embedding = part.embedding();
    const nn::ResnetBlock layer(part.scope(),
                                {x.shape()[-1], out, part.config.groups, kEpsilon, embedding.shape()[-1]});
    part.check_images("out.hidden_states", layer(part.pass(), x, embedding));
}

void run_temporal_conv(const Part& part) {
    const Tensor x = part.images("in.hidden_states");
    const nn::TemporalConv layer(part.scope(), x.shape()[-1], part.config.groups);
    part.check_images("out.hidden_states", layer(part.pass(), x));
}

void run_downsample(const Part& part) {
    const Tensor x = part.images("in.hidden_states");
    const nn::Downsample layer(part.scope(), x.shape()[-1], nn::Downsample::padded_around());
    part.check_images("out.hidden_states", layer(part.pass(), x));
}

/// The size that the result is forced to, where the case says so.
std::optional<nn::ImageSize> forced_size(const Part& part) {
    for (const char* name : {"upsample_size", "output_size"})
        if (const auto size = part.golden.params.value(name, nlohmann::json()); size.is_array())
            return nn::ImageSize{size.at(0), size.at(1)};
    return std::nullopt;
}

void run_upsample(const Part& part) {
    const Tensor x = part.images("in.hidden_states");
    const nn::Upsample layer(part.scope(), x.shape()[-1], nn::Upsample::Sizes::any);
    part.check_images("out.hidden_states", layer(part.pass(), x, forced_size(part)));
}

/// Keys and values of a block, or nothing for one without attention.
template <class Block>
std::vector<Tensor> keys_values_of(const Part& part, const Block& block) {
    if (!part.golden.has("in.encoder_hidden_states")) return {};
    return block.keys_values(part.ops(), part.tokens("in.encoder_hidden_states"));
}

void run_down_block(const Part& part) {
    const auto block = models::make_down_block(part.scope(), part.config, std::stoul(part.path.at(1)));
    const std::vector<Tensor> context = keys_values_of(part, block);
    const Tensor embedding = part.embedding();
    const auto output = block(part.pass(), part.images("in.hidden_states"), {embedding, context});
    part.check_images("out.hidden_states", output.hidden);
    for (std::size_t k = 0; k < output.skips.size(); ++k)
        part.check_images(fmt::format("out.res.{}", k).c_str(), output.skips[k]);
}

void run_mid_block(const Part& part) {
    const auto block = models::make_mid_block(part.scope(), part.config);
    const std::vector<Tensor> context = keys_values_of(part, block);
    const Tensor embedding = part.embedding();
    part.check_images("out.hidden_states",
                      block(part.pass(), part.images("in.hidden_states"), {embedding, context}));
}

void run_up_block(const Part& part) {
    const auto block = models::make_up_block(part.scope(), part.config, std::stoul(part.path.at(1)));
    const std::vector<Tensor> context = keys_values_of(part, block);
    const Tensor embedding = part.embedding();
    std::vector<Tensor> skips;
    for (int k = 0; part.golden.has(fmt::format("in.res_hidden_states_tuple.{}", k)); ++k)
        skips.push_back(part.images(fmt::format("in.res_hidden_states_tuple.{}", k).c_str()));
    part.check_images("out.hidden_states", block(part.pass(), part.images("in.hidden_states"), skips,
                                                 {embedding, context}, forced_size(part)));
}

using PartRunner = void (*)(const Part&);

/// By the name of the list that the part is in, innermost first; then by its own name.
PartRunner runner_of(const std::vector<std::string>& path) {
    static const std::map<std::string, PartRunner> by_list{
        {"transformer_blocks", run_transformer_block},
        {"temp_attentions", run_temporal_transformer},
        {"attentions", run_spatial_transformer},
        {"resnets", run_resnet},
        {"temp_convs", run_temporal_conv},
        {"downsamplers", run_downsample},
        {"upsamplers", run_upsample},
        {"down_blocks", run_down_block},
        {"up_blocks", run_up_block},
    };
    static const std::map<std::string, PartRunner> by_name{
        {"attn1", run_self_attention},
        {"attn2", run_second_attention},
        {"ff", run_feed_forward},
        {"mid_block", run_mid_block},
        {"conv_in", run_conv_in},
        {"transformer_in", run_transformer_in},
        {"image_latents_proj_in", run_proj_in},
        {"image_latents_temporal_encoder", run_temporal_encoder},
        {"image_latents_context_embedding", run_context_embedding},
    };
    if (path.empty()) return nullptr;
    const bool numbered = path.back().find_first_not_of("0123456789") == std::string::npos;
    const auto& table = numbered ? by_list : by_name;
    const auto found = table.find(numbered && path.size() > 1 ? path[path.size() - 2] : path.back());
    return found == table.end() ? nullptr : found->second;
}

}  // namespace

void run_unet_sub(const GoldenCase& golden, Results& results, int threads) {
    if (golden.module == "unet") return run_unet(golden, results, threads);
    const Component component = open_component(golden, "unet", models::I2VGenUnet::file_habits(), threads);
    const Part part{golden, results, component, models::parse_unet_config(component.config),
                    parts_of(golden.module)};
    // Two cases run several modules of the root together, and name them all.
    if (golden.has("in.timestep")) return run_time_embedding(part);
    if (golden.module.find("conv_norm_out") != std::string::npos) return run_head(part);
    const PartRunner runner = runner_of(part.path);
    if (!runner)
        throw Error(ErrorCode::unsupported,
                    fmt::format("{} is not a part of the UNet that stillreel can run alone", golden.module));
    runner(part);
}

}  // namespace stillreel::parity
