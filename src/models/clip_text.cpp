#include "models/clip_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "models/clip_layers.h"

namespace stillreel::models {

using nn::Pass;
using tensor::Tensor;
using weights::WeightScope;

ClipTextConfig parse_clip_text_config(std::string_view json) {
    const ConfigFields fields(json, "text_encoder/config.json");
    fields.accept("model_type", {R"("clip_text_model")"});
    ClipTextConfig config;
    read_layers(fields, config);
    config.vocabulary = fields.count("vocab_size", config.vocabulary);
    config.context = fields.count("max_position_embeddings", config.context);
    return config;
}

struct ClipText::Parts {
    ClipTextConfig config;
    nn::Embedding token_embedding;
    nn::Embedding position_embedding;
    ClipLayers encoder;
    nn::LayerNorm final_layer_norm;

    Parts(const WeightScope& w, const ClipTextConfig& c, weights::Residence residence)
        : config(c),
          token_embedding(w / "embeddings" / "token_embedding", c.vocabulary, c.width),
          position_embedding(w / "embeddings" / "position_embedding", c.context, c.width),
          encoder(w / "encoder", layers_of(c, tensor::Mask::causal), residence),
          final_layer_norm(w / "final_layer_norm", c.width, c.epsilon) {}

    Tensor embed(const Pass& pass, std::span<const std::int64_t> ids) const {
        const auto count = static_cast<std::int64_t>(ids.size());
        STILLREEL_CHECK_EQ(count % config.context, 0);
        for (const std::int64_t id : ids)
            if (id < 0 || id >= config.vocabulary)
                throw Error(ErrorCode::corrupt_data,
                            fmt::format("the tokenizer gave id {}, but the text encoder has {} tokens: do "
                                        "tokenizer and text_encoder belong together?",
                                        id, config.vocabulary));
        const Tensor tokens = token_embedding(pass.ops, ids);
        const tensor::Shape shape{count / config.context, config.context, config.width};
        return pass.ops.add(tokens.reshaped(shape), position_embedding.table());
    }
};

ClipText::ClipText(const WeightScope& w, const ClipTextConfig& config, weights::Residence residence)
    : parts_(std::make_unique<Parts>(w / "text_model", config, residence)) {}
ClipText::~ClipText() = default;
ClipText::ClipText(ClipText&&) noexcept = default;

Tensor ClipText::encode(const Pass& pass, std::span<const std::int64_t> ids, int clip_skip) const {
    const int layers = parts_->config.layers;
    STILLREEL_CHECK(clip_skip >= 0 && clip_skip < layers);
    return final_layer_norm(pass, parts_->encoder(pass.ops, parts_->embed(pass, ids), layers - clip_skip));
}

std::vector<Tensor> ClipText::hidden_states(const Pass& pass, std::span<const std::int64_t> ids) const {
    std::vector<Tensor> states{parts_->embed(pass, ids)};
    parts_->encoder(pass.ops, states.front(), parts_->config.layers,
                    [&](const Tensor& output) { states.push_back(output); });
    return states;
}

Tensor ClipText::final_layer_norm(const Pass& pass, Tensor x) const {
    return parts_->final_layer_norm(pass.ops, std::move(x));
}

weights::FileHabits ClipText::file_habits() {
    // transformers before 4.31 saved the numbers 0 to 76 with the weights.
    static constexpr std::string_view kSurplus[] = {"embeddings.position_ids"};
    return {.renames = {}, .surplus = kSurplus, .elsewhere = {}};
}

}  // namespace stillreel::models
