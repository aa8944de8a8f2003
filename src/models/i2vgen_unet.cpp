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
/// memory of the largest. Tokens are merged on the largest alone, where there are most.
Pass at_level(const Pass& pass, const UnetConfig& config, std::size_t level) {
    Pass here = pass;
    if (level > 0) here.merged_tokens = 0;
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

    /// Of one pass, for every block.
    struct Step {
        const Tensor& embedding;
        const UnetCondition& condition;
    };

    std::size_t layers_up() const { return static_cast<std::size_t>(config.layers_per_block) + 1; }
    std::size_t skips() const { return up_blocks.size() * layers_up(); }

    Tensor enter(const Pass& pass, const Tensor& sample, const UnetCondition& condition) const {
        Tensor x = conv_in(pass.ops, pass.ops.concat_channels(sample, condition.image));
        pass.show("conv_in", x);
        x = transformer_in(pass, std::move(x));
        pass.show("transformer_in", x);
        return x;
    }

    /// Until there are `most` skips.
    Tensor go_down(const Pass& pass, Tensor x, const Step& step, std::vector<Tensor>& skips,
                   std::size_t most) const {
        for (std::size_t i = 0; i < down_blocks.size() && skips.size() < most; ++i) {
            DownBlock::Output out =
                down_blocks[i](at_level(pass, config, i), std::move(x),
                               {step.embedding, step.condition.down[i]}, most - skips.size());
            x = std::move(out.hidden);
            for (Tensor& skip : out.skips) skips.push_back(std::move(skip));
            if (most == this->skips()) pass.show(fmt::format("down_blocks.{}", i), x);
        }
        return x;
    }

    /// The layers that `skips` are for; x is what the one before the first of them gives. Where `deep` is not
    /// null, keeps what enters the layers of its branch.
    Tensor go_up(const Pass& pass, Tensor x, const Step& step, std::vector<Tensor>& skips,
                 DeepFeatures* deep) const {
        const std::size_t per_block = layers_up(), all = this->skips(), begin = all - skips.size();
        const std::size_t kept = deep ? all - static_cast<std::size_t>(deep->branch) : all;
        for (std::size_t i = begin / per_block; i < up_blocks.size(); ++i) {
            const UpBlock& block = up_blocks[i];
            const std::size_t level = up_blocks.size() - 1 - i;
            const Pass here = at_level(pass, config, level);
            const BlockInputs inputs{step.embedding, step.condition.up[i]};
            std::size_t first = i == begin / per_block ? begin % per_block : 0;
            if (kept / per_block == i) {
                x = block.run_layers(here, std::move(x), skips, inputs, first, kept % per_block);
                first = kept % per_block;
                deep->hidden = x;
            }
            x = block.run_layers(here, std::move(x), skips, inputs, first, per_block);
            // Half of an odd size was rounded up: the next skip says what to come back to.
            std::optional<nn::ImageSize> size;
            if (!skips.empty()) size = nn::ImageSize{skips.back().shape()[1], skips.back().shape()[2]};
            x = block.upsampled(here, std::move(x), size);
            pass.show(fmt::format("up_blocks.{}", i), x);
        }
        return x;
    }

    Tensor activated_embedding(Ops& ops, double timestep, const UnetCondition& condition) const {
        return ops.activate(embedding(ops, timestep, condition.fps_embedding), tensor::Activation::silu);
    }

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
    using tensor::Precision;
    return [precision](std::string_view path) {
        constexpr std::string_view kRepeated[] = {"down_blocks.", "mid_block.", "up_blocks."};
        // Of the time step and the context: bfloat16 adds next to no noise there, 8 bits would.
        constexpr std::string_view kEmbeddings[] = {"time_embedding.", "fps_embedding.",
                                                    "context_embedding."};
        // Keys and values of the context are the only to_k that is not stacked with a to_q.
        constexpr std::string_view kOfEmbeddings[] = {".time_emb_proj", ".attn2.to_k"};
        const auto begins = [&](std::string_view part) { return path.starts_with(part); };
        const auto ends = [&](std::string_view part) { return path.ends_with(part); };
        // They see numbers that no norm has evened out (shortcuts: Li et al. 2023, Q-Diffusion), or all that
        // comes after sees theirs: a tenth of the work, half of the noise of 8 bits.
        if (begins("transformer_in.") || ends(".conv_shortcut"))
            return precision == Precision::int8 ? Precision::bf16 : Precision::f32;
        if (std::ranges::any_of(kEmbeddings, begins) || std::ranges::any_of(kOfEmbeddings, ends))
            return precision == Precision::int8 ? Precision::f32 : precision;
        return std::ranges::any_of(kRepeated, begins) ? precision : Precision::f32;
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
    return (*this)(pass, sample, timestep, condition, nullptr);
}

Tensor I2VGenUnet::operator()(const Pass& pass, const Tensor& sample, double timestep,
                              const UnetCondition& condition, DeepFeatures* deep) const {
    const Parts& parts = *parts_;
    const Tensor embedding = parts.activated_embedding(pass.ops, timestep, condition);
    Tensor x = parts.enter(pass, sample, condition);
    std::vector<Tensor> skips{x};
    x = parts.go_down(pass, std::move(x), {embedding, condition}, skips, parts.skips());
    x = parts.mid_block(at_level(pass, parts.config, parts.down_blocks.size() - 1), std::move(x),
                        {embedding, condition.mid});
    pass.show("mid_block", x);
    return parts.head(pass, parts.go_up(pass, std::move(x), {embedding, condition}, skips, deep));
}

Tensor I2VGenUnet::shallow(const Pass& pass, const Tensor& sample, double timestep,
                           const UnetCondition& condition, const DeepFeatures& deep) const {
    const Parts& parts = *parts_;
    const auto branch = static_cast<std::size_t>(deep.branch);
    STILLREEL_CHECK(branch >= 1 && branch < parts.skips());
    STILLREEL_CHECK_EQ(deep.hidden.shape()[0], sample.shape()[0]);
    const Tensor embedding = parts.activated_embedding(pass.ops, timestep, condition);
    Tensor x = parts.enter(pass, sample, condition);
    std::vector<Tensor> skips{x};
    parts.go_down(pass, std::move(x), {embedding, condition}, skips, branch);
    return parts.head(pass, parts.go_up(pass, deep.hidden, {embedding, condition}, skips, nullptr));
}

std::shared_ptr<const UnetCondition> I2VGenUnet::only(const UnetCondition& condition, std::int64_t clip) {
    const std::int64_t frames = condition.image.shape()[0] / condition.fps_embedding.shape()[0];
    auto one = std::make_shared<UnetCondition>();
    const auto own = [&](const std::vector<Tensor>& all) {
        std::vector<Tensor> slices;
        for (const Tensor& each : all) slices.push_back(each.slice(clip, 1));
        return slices;
    };
    for (const auto& block : condition.down) one->down.push_back(own(block));
    for (const auto& block : condition.up) one->up.push_back(own(block));
    one->mid = own(condition.mid);
    one->image = condition.image.slice(clip * frames, frames);
    one->fps_embedding = condition.fps_embedding.slice(clip, 1);
    return one;
}

int I2VGenUnet::skips() const { return static_cast<int>(parts_->skips()); }

}  // namespace stillreel::models
