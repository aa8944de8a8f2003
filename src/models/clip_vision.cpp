#include "models/clip_vision.h"

#include <utility>
#include <vector>

#include "models/clip_layers.h"

namespace stillreel::models {

using nn::Pass;
using tensor::Ops;
using tensor::Shape;
using tensor::Tensor;
using weights::WeightScope;

namespace {

tensor::Window patch_window(std::int64_t patch_px) {
    const int side = static_cast<int>(patch_px);
    return {.kernel_h = side, .kernel_w = side, .stride = side};
}

std::int64_t tokens_of(const ClipVisionConfig& config) {
    const std::int64_t patches = config.image_px / config.patch_px;
    return 1 + patches * patches;
}

}  // namespace

ClipVisionConfig parse_clip_vision_config(std::string_view json) {
    const ConfigFields fields(json, "image_encoder/config.json");
    fields.accept("model_type", {R"("clip_vision_model")"});
    ClipVisionConfig config;
    read_layers(fields, config);
    config.image_px = fields.count("image_size", config.image_px);
    config.patch_px = fields.count("patch_size", config.patch_px);
    config.channels = fields.count("num_channels", config.channels);
    config.projection = fields.count("projection_dim", config.projection);
    if (config.channels != 3) fields.refuse("num_channels");
    if (config.patch_px > config.image_px) fields.reject("patch_size", "no patch fits into image_size");
    return config;
}

struct ClipVision::Parts {
    ClipVisionConfig config;
    Tensor class_embedding;  // [width]
    nn::Conv patch_embedding;
    nn::Embedding position_embedding;
    nn::LayerNorm pre_layrnorm;
    ClipLayers encoder;
    nn::LayerNorm post_layernorm;
    nn::Linear visual_projection;

    Parts(const WeightScope& root, const WeightScope& w, const ClipVisionConfig& c,
          weights::Residence residence)
        : config(c),
          class_embedding(w.ops().upload((w / "embeddings").take("class_embedding", Shape{c.width}))),
          patch_embedding(w / "embeddings" / "patch_embedding", c.channels, c.width, patch_window(c.patch_px),
                          nn::Bias::no),
          position_embedding(w / "embeddings" / "position_embedding", tokens_of(c), c.width),
          pre_layrnorm(w / "pre_layrnorm", c.width, c.epsilon),
          encoder(w / "encoder", layers_of(c, tensor::Mask::none), residence),
          post_layernorm(w / "post_layernorm", c.width, c.epsilon),
          visual_projection(root / "visual_projection", c.width, c.projection, nn::Bias::no) {}

    /// The class token, then the patches row by row, each with its place: [B, tokens, width].
    Tensor embed(Ops& ops, const Tensor& pixels) const {
        const std::int64_t batch = pixels.shape()[0];
        const Tensor patches = patch_embedding(ops, pixels);
        const std::vector<Tensor> class_tokens(static_cast<std::size_t>(batch),
                                               class_embedding.reshaped({1, 1, config.width}));
        const Tensor parts[] = {ops.concat_images(class_tokens),
                                patches.reshaped({batch, tokens_of(config) - 1, config.width})};
        return ops.add(ops.concat_tokens(parts), position_embedding.table());
    }

    /// Token 0 of every picture: [B, width].
    Tensor class_tokens(Ops& ops, const Tensor& x) const {
        const std::int64_t batch = x.shape()[0];
        std::vector<std::int64_t> rows;
        for (std::int64_t i = 0; i < batch; ++i) rows.push_back(i * x.shape()[1]);
        return ops.gather_rows(x.reshaped({batch * x.shape()[1], config.width}), rows);
    }
};

ClipVision::ClipVision(const WeightScope& w, const ClipVisionConfig& config, weights::Residence residence)
    : parts_(std::make_unique<Parts>(w, w / "vision_model", config, residence)) {}
ClipVision::~ClipVision() = default;
ClipVision::ClipVision(ClipVision&&) noexcept = default;

Tensor ClipVision::operator()(const Pass& pass, const Tensor& pixels) const {
    const ClipVisionConfig& config = parts_->config;
    STILLREEL_CHECK(pixels.shape() ==
                    (Shape{pixels.shape()[0], config.image_px, config.image_px, config.channels}));
    Ops& ops = pass.ops;
    Tensor x = parts_->embed(ops, pixels);
    pass.show("embeddings", x);
    x = parts_->pre_layrnorm(ops, std::move(x));
    pass.show("pre_layrnorm", x);
    x = parts_->encoder(ops, std::move(x), config.layers);
    pass.show("last_hidden_state", x);
    const Tensor pooled = parts_->post_layernorm(ops, parts_->class_tokens(ops, x));
    pass.show("pooled", pooled);
    return parts_->visual_projection(ops, pooled);
}

weights::FileHabits ClipVision::file_habits() {
    // transformers before 4.31 saved the numbers 0 to 256 with the weights.
    static constexpr std::string_view kSurplus[] = {"embeddings.position_ids"};
    return {.renames = {}, .surplus = kSurplus, .elsewhere = {}};
}

}  // namespace stillreel::models
