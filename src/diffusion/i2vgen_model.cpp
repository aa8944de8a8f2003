#include "diffusion/i2vgen_model.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "tensor/meta/meta_backend.h"
#include "weights/weight_scope.h"

namespace stillreel::diffusion {
namespace {

struct KnownComponent {
    const char* name;
    std::vector<std::string_view> classes;
};

/// An empty list: any class.
const std::vector<KnownComponent>& known_components() {
    static const std::vector<KnownComponent> known = {
        {kTextEncoder, {"CLIPTextModel"}},
        {kImageEncoder, {"CLIPVisionModelWithProjection"}},
        {kVae, {"AutoencoderKL"}},
        {kUnet, {"I2VGenXLUNet"}},
        {"tokenizer", {"CLIPTokenizer", "CLIPTokenizerFast"}},
        {"feature_extractor", {"CLIPImageProcessor", "CLIPFeatureExtractor", "CLIPImageProcessorFast"}},
        // A scheduler's config says how the model was trained; which sampler runs is the user's choice.
        {"scheduler", {}},
    };
    return known;
}

void check_classes(const weights::ModelFolder& folder) {
    if (folder.class_name != "I2VGenXLPipeline")
        throw Error(ErrorCode::unsupported,
                    fmt::format("{} holds a model of class {}; this engine runs I2VGenXLPipeline",
                                folder.root.string(), folder.class_name));
    for (const KnownComponent& known : known_components()) {
        const weights::Component& component = folder.at(known.name);
        if (known.classes.empty() || std::find(known.classes.begin(), known.classes.end(),
                                               component.class_name) != known.classes.end())
            continue;
        throw Error(ErrorCode::unsupported,
                    fmt::format("{}: the component {} is of class {}; this engine knows {}",
                                (folder.root / "model_index.json").string(), known.name, component.class_name,
                                fmt::join(known.classes, ", ")));
    }
}

/// Two configs must say the same where one component's output is another's input.
struct Agreement {
    const char* this_field;
    std::int64_t this_value;
    const char* other_field;
    std::int64_t other_value;
};

void check_agreement(const I2VGenModel& model) {
    const Agreement agreements[] = {
        {"the text encoder's hidden_size", model.text.width, "the UNet's cross_attention_dim",
         model.unet.context_width},
        {"the image encoder's projection_dim", model.vision.projection, "the UNet's cross_attention_dim",
         model.unet.context_width},
        {"the VAE's latent_channels", model.vae.latent_channels, "the UNet's in_channels",
         model.unet.in_channels},
        {"the UNet's out_channels", model.unet.out_channels, "its in_channels", model.unet.in_channels},
        {"the VAE's in_channels", model.vae.image_channels, "the channels of an RGB picture", 3},
        {"the image encoder's num_channels", model.vision.channels, "the channels of an RGB picture", 3},
        {"the feature extractor's crop width", model.preprocessing.size.width_px,
         "the image encoder's image_size", model.vision.image_px},
        {"the feature extractor's crop height", model.preprocessing.size.height_px,
         "the image encoder's image_size", model.vision.image_px},
    };
    for (const Agreement& agreement : agreements)
        if (agreement.this_value != agreement.other_value)
            throw Error(ErrorCode::corrupt_data,
                        fmt::format("the configs of {} do not belong together: {} is {}, {} is {}",
                                    model.folder.root.string(), agreement.this_field, agreement.this_value,
                                    agreement.other_field, agreement.other_value));
}

constexpr const char* kText = "text encoder";
constexpr const char* kVision = "image encoder";

template <class Tower, class Config>
Tower load_tower(const char* name, weights::WeightSource& source, tensor::Ops& ops, const Config& config,
                 const weights::FileHabits& habits, weights::PrecisionPolicy precision = {}) {
    weights::WeightLoader loader(name, source, ops, habits, std::move(precision));
    Tower tower(loader.root(), config);
    loader.finish();
    return tower;
}

}  // namespace

I2VGenModel read_model(const weights::ModelFolder& folder) {
    check_classes(folder);
    I2VGenModel model;
    model.folder = folder;
    model.text = models::parse_clip_text_config(read_config(folder.at(kTextEncoder)));
    model.vision = models::parse_clip_vision_config(read_config(folder.at(kImageEncoder)));
    model.vae = models::parse_vae_config(read_config(folder.at(kVae)));
    model.unet = models::parse_unet_config(read_config(folder.at(kUnet)));
    model.preprocessing =
        parse_clip_preprocessing(read_config(folder.at("feature_extractor"), "preprocessor_config.json"));
    model.scheduler_json = read_config(folder.at("scheduler"), "scheduler_config.json");
    check_agreement(model);
    return model;
}

std::unique_ptr<weights::WeightSource> open_component(const I2VGenModel& model, const char* component,
                                                      const std::string& variant) {
    const std::filesystem::path& folder = model.folder.at(component).folder;
    if (variant.empty()) return weights::open_weights(folder);
    try {
        return weights::open_weights(folder, variant);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found) throw;
    }
    return weights::open_weights(folder);
}

void check_variant(const I2VGenModel& model, const std::string& variant) {
    if (variant.empty()) return;
    std::string reason;
    for (const char* component : kWeighted) {
        try {
            weights::open_weights(model.folder.at(component).folder, variant);
            return;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::not_found) throw;
            reason = error.what();
        }
    }
    throw Error(ErrorCode::not_found, reason);
}

void check_weights(const I2VGenModel& model, const std::string& variant) {
    check_variant(model, variant);
    tensor::Ops ops = tensor::meta_ops();
    load_tower<models::ClipText>(kText, *open_component(model, kTextEncoder, variant), ops, model.text,
                                 models::ClipText::file_habits());
    load_tower<models::ClipVision>(kVision, *open_component(model, kImageEncoder, variant), ops, model.vision,
                                   models::ClipVision::file_habits());
    load_encoder(model, *open_component(model, kVae, variant), ops);
    load_decoder(model, *open_component(model, kVae, variant), ops);
    load_unet(model, *open_component(model, kUnet, variant), ops, tensor::Precision::f32);
}

models::ClipText stream_text(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops) {
    weights::WeightLoader loader(kText, source, ops, models::ClipText::file_habits());
    return {loader.root(), model.text, weights::Residence::streamed};
}

models::ClipVision stream_vision(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops) {
    weights::WeightLoader loader(kVision, source, ops, models::ClipVision::file_habits());
    return {loader.root(), model.vision, weights::Residence::streamed};
}

models::VaeEncoder load_encoder(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops) {
    return load_tower<models::VaeEncoder>("VAE's encoder", source, ops, model.vae,
                                          models::vae_file_habits(models::VaeHalf::encoder));
}

models::VaeDecoder load_decoder(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops,
                                tensor::Precision precision) {
    return load_tower<models::VaeDecoder>("VAE's decoder", source, ops, model.vae,
                                          models::vae_file_habits(models::VaeHalf::decoder),
                                          models::VaeDecoder::precision_policy(precision));
}

models::I2VGenUnet load_unet(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops,
                             tensor::Precision precision) {
    return load_tower<models::I2VGenUnet>("UNet", source, ops, model.unet, models::I2VGenUnet::file_habits(),
                                          models::I2VGenUnet::precision_policy(precision));
}

}  // namespace stillreel::diffusion
