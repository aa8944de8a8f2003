#include "models/i2vgen_unet.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "models/i2vgen_blocks.h"
#include "models/i2vgen_inputs.h"

namespace stillreel::models {

using nn::Pass;
using nn::WeightScope;
using tensor::Ops;
using tensor::Tensor;

class UnetCondition {
  public:
    Tensor image;          // [B * F, h, w, in_channels]
    Tensor fps_embedding;  // [B, 4 * channels[0]]
    std::vector<std::vector<Tensor>> down, up;
    std::vector<Tensor> mid;
};

namespace {

/// The pass as a level sees it, counted from the largest images: as many of its images at once as take the
/// memory of the largest.
Pass at_level(const Pass& pass, const UnetConfig& config, std::size_t level) {
    Pass here = pass;
    here.chunking.images = (pass.chunking.images * config.channels[0] << 2 * level) / config.channels[level];
    return here;
}

}  // namespace

struct I2VGenUnet::Parts {
    Parts(const WeightScope& w, const UnetConfig& c)
        : config(c),
          conv_in(w / "conv_in", 2 * c.in_channels, c.channels[0], tensor::Window::same3x3()),
          transformer_in(make_transformer_in(w / "transformer_in", c)),
          image_latents_proj_in(w / "image_latents_proj_in", c.in_channels),
          image_latents_temporal_encoder(w / "image_latents_temporal_encoder", c.in_channels),
          image_latents_context_embedding(w / "image_latents_context_embedding", c.in_channels,
                                          c.context_width),
          time_embedding(w / "time_embedding", "linear_1", "linear_2",
                         {c.channels[0], 4 * c.channels[0], 4 * c.channels[0]}),
          context_embedding(w / "context_embedding", "0", "2",
                            {c.context_width, 4 * c.channels[0], c.context_width * c.in_channels}),
          fps_embedding(w / "fps_embedding", "0", "2", {c.channels[0], 4 * c.channels[0], 4 * c.channels[0]}),
          down_blocks(all_blocks(w / "down_blocks", make_down_block)),
          mid_block(make_mid_block(w / "mid_block", c)),
          up_blocks(all_blocks(w / "up_blocks", make_up_block)),
          head(w, c) {}

    template <class Block>
    std::vector<Block> all_blocks(const WeightScope& w,
                                  Block (*make)(const WeightScope&, const UnetConfig&, std::size_t)) const {
        std::vector<Block> blocks;
        for (std::size_t i = 0; i < config.channels.size(); ++i)
            blocks.push_back(make(w / static_cast<int>(i), config, i));
        return blocks;
    }

    UnetConfig config;
    nn::Conv conv_in;
    nn::TransformerTemporal transformer_in;
    ImageLatentsProjIn image_latents_proj_in;
    ImageLatentsTemporalEncoder image_latents_temporal_encoder;
    ImageLatentsContextEmbedding image_latents_context_embedding;
    Embedder time_embedding, context_embedding, fps_embedding;
    std::vector<DownBlock> down_blocks;
    MidBlock mid_block;
    std::vector<UpBlock> up_blocks;
    UnetHead head;

    Tensor embedding(Ops& ops, double timestep, const Tensor& fps) const {
        const double steps[] = {timestep};
        return ops.add(fps, time_embedding(ops, sinusoids(ops, steps, config.channels[0])));
    }

    /// The picture's latents as the second half of conv_in's channels.
    Tensor image_branch(const Pass& pass, const Tensor& latents) const {
        const tensor::Shape shape = latents.shape();
        Tensor x = image_latents_proj_in(pass.ops, latents);
        x = x.reshaped({shape[0], shape[1] * shape[2], shape[3]});
        return image_latents_temporal_encoder(pass, std::move(x)).reshaped(shape);
    }
};

I2VGenUnet::I2VGenUnet(const WeightScope& w, const UnetConfig& config)
    : parts_(std::make_unique<Parts>(w, config)) {}
I2VGenUnet::~I2VGenUnet() = default;
I2VGenUnet::I2VGenUnet(I2VGenUnet&&) noexcept = default;

const UnetConfig& I2VGenUnet::config() const { return parts_->config; }

// Published files differ in nothing but projections kept as 1x1 convolutions, which every layer accepts.
weights::FileHabits I2VGenUnet::file_habits() { return {}; }

weights::PrecisionPolicy I2VGenUnet::precision_policy(tensor::Precision precision) {
    return [precision](std::string_view path) {
        constexpr std::string_view kRepeated[] = {"down_blocks.", "mid_block.", "up_blocks."};
        // Keys and values of the context are the only to_k that is not stacked with a to_q.
        // Shortcuts see numbers that no norm has evened out (Li et al. 2023, Q-Diffusion): a sixtieth of the
        // work, a quarter of the noise.
        constexpr std::string_view kKept[] = {".time_emb_proj", ".attn2.to_k", ".conv_shortcut"};
        const auto begins = [&](std::string_view part) { return path.starts_with(part); };
        const auto ends = [&](std::string_view part) { return path.ends_with(part); };
        return std::ranges::any_of(kRepeated, begins) && std::ranges::none_of(kKept, ends)
                   ? precision
                   : tensor::Precision::f32;
    };
}

Tensor I2VGenUnet::context(const Pass& pass, const UnetInputs& inputs) const {
    const UnetConfig& config = parts_->config;
    const std::int64_t clips = inputs.text.shape()[0];
    std::vector<Tensor> first_frames;
    for (std::int64_t clip = 0; clip < clips; ++clip)
        first_frames.push_back(inputs.image_latents.slice(clip * pass.frames, 1));
    Tensor latents = parts_->image_latents_context_embedding(pass.ops, pass.ops.concat_images(first_frames));
    latents = latents.reshaped({clips, latents.shape()[1] * latents.shape()[2], config.context_width});
    Tensor image =
        parts_->context_embedding(pass.ops, inputs.image_embedding.reshaped({clips, config.context_width}));
    image = image.reshaped({clips, config.in_channels, config.context_width});
    const Tensor all[] = {inputs.text, latents, image};
    return pass.ops.concat_tokens(all);
}

Tensor I2VGenUnet::embedding(const Pass& pass, double timestep, std::span<const double> fps) const {
    const std::int64_t width = parts_->config.channels[0];
    return parts_->embedding(pass.ops, timestep,
                             parts_->fps_embedding(pass.ops, sinusoids(pass.ops, fps, width)));
}

std::shared_ptr<const UnetCondition> I2VGenUnet::prepare(const Pass& pass, const UnetInputs& inputs) const {
    STILLREEL_CHECK_EQ(inputs.image_latents.shape()[0], inputs.text.shape()[0] * pass.frames);
    STILLREEL_CHECK_EQ(static_cast<std::int64_t>(inputs.fps.size()), inputs.text.shape()[0]);
    auto condition = std::make_shared<UnetCondition>();
    const Tensor tokens = context(pass, inputs);
    for (const DownBlock& block : parts_->down_blocks)
        condition->down.push_back(block.keys_values(pass.ops, tokens));
    condition->mid = parts_->mid_block.keys_values(pass.ops, tokens);
    for (const UpBlock& block : parts_->up_blocks)
        condition->up.push_back(block.keys_values(pass.ops, tokens));
    condition->image = parts_->image_branch(pass, inputs.image_latents);
    condition->fps_embedding =
        parts_->fps_embedding(pass.ops, sinusoids(pass.ops, inputs.fps, parts_->config.channels[0]));
    return condition;
}

Tensor I2VGenUnet::operator()(const Pass& pass, const Tensor& sample, double timestep,
                              const UnetCondition& condition) const {
    const Parts& parts = *parts_;
    const Tensor embedding = pass.ops.activate(parts.embedding(pass.ops, timestep, condition.fps_embedding),
                                               tensor::Activation::silu);
    Tensor x = parts.conv_in(pass.ops, pass.ops.concat_channels(sample, condition.image));
    pass.show("conv_in", x);
    x = parts.transformer_in(pass, std::move(x));
    pass.show("transformer_in", x);

    std::vector<Tensor> skips{x};
    for (std::size_t i = 0; i < parts.down_blocks.size(); ++i) {
        DownBlock::Output out = parts.down_blocks[i](at_level(pass, parts.config, i), std::move(x),
                                                     {embedding, condition.down[i]});
        x = std::move(out.hidden);
        for (Tensor& skip : out.skips) skips.push_back(std::move(skip));
        pass.show(fmt::format("down_blocks.{}", i), x);
    }

    x = parts.mid_block(at_level(pass, parts.config, parts.down_blocks.size() - 1), std::move(x),
                        {embedding, condition.mid});
    pass.show("mid_block", x);

    for (std::size_t i = 0; i < parts.up_blocks.size(); ++i) {
        // Half of an odd size was rounded up: the next skip says what to come back to.
        const std::size_t taken = static_cast<std::size_t>(parts.config.layers_per_block) + 1;
        std::optional<nn::ImageSize> size;
        if (skips.size() > taken) {
            const tensor::Shape& next = skips[skips.size() - taken - 1].shape();
            size = nn::ImageSize{next[1], next[2]};
        }
        const std::size_t level = parts.up_blocks.size() - 1 - i;
        x = parts.up_blocks[i](at_level(pass, parts.config, level), std::move(x), skips,
                               {embedding, condition.up[i]}, size);
        pass.show(fmt::format("up_blocks.{}", i), x);
    }
    return parts.head(pass, std::move(x));
}

}  // namespace stillreel::models
