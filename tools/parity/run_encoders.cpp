// The towers beside the UNet: tokenizer, text, picture, autoencoder.
#include <fmt/core.h>

#include <array>

#include "component.h"
#include "diffusion/image_latents.h"
#include "diffusion/image_preparation.h"
#include "diffusion/latent_layout.h"
#include "layout.h"
#include "models/clip_text.h"
#include "models/clip_tokenizer.h"
#include "models/clip_vision.h"
#include "models/vae.h"
#include "runners.h"

namespace stillreel::parity {
namespace {

using tensor::Tensor;

/// Shows the parts of a model to the results under `prefix`, images channels first.
nn::Tap tap_into(Results& results, const std::string& prefix) {
    return [&results, prefix](std::string_view part, const Tensor& output) {
        const std::string name = fmt::format("{}{}", prefix, part);
        if (output.shape().rank() == 4)
            results.check(name, channels_first(output));
        else
            results.check(name, output.span());
    };
}

/// [h, w, c] as (1, c, h, w).
std::vector<float> planes(std::span<const float> pixels, std::int64_t channels) {
    return diffusion::channels_first(pixels, 1, channels);
}

}  // namespace

void run_tokenizer(const GoldenCase& golden, Results& results, int) {
    std::optional<std::string> pad;
    if (golden.params.contains("pad_token")) pad = golden.params["pad_token"].get<std::string>();
    const auto tokenizer = models::ClipTokenizer::open(golden.model, pad);
    std::vector<std::int64_t> ids;
    for (const std::string text : golden.params.at("strings")) {
        const models::Tokens tokens = tokenizer.encode(text);
        ids.insert(ids.end(), tokens.ids.begin(), tokens.ids.end());
    }
    results.check("out.ids", ids);
}

void run_text_encoder(const GoldenCase& golden, Results& results, int threads) {
    const Component component =
        open_component(golden, "text_encoder", models::ClipText::file_habits(), threads);
    const models::ClipText tower(component.loader->root(), models::parse_clip_text_config(component.config));
    component.loader->finish();
    const nn::Pass pass = component.pass();
    const std::vector<std::int64_t> ids = golden.at("in.ids").integers();
    const std::vector<Tensor> states = tower.hidden_states(pass, ids);
    for (std::size_t k = 0; k < states.size(); ++k)
        results.check(fmt::format("out.hidden_states.{}", k), states[k].span());
    results.check("out.last_hidden_state", tower.final_layer_norm(pass, states.back()).span());
    results.check("out.penultimate_normed",
                  tower.encode(pass, ids, golden.params.value("clip_skip", 1)).span());
}

void run_image_encoder(const GoldenCase& golden, Results& results, int threads) {
    const Component component =
        open_component(golden, "image_encoder", models::ClipVision::file_habits(), threads);
    const models::ClipVision tower(component.loader->root(),
                                   models::parse_clip_vision_config(component.config));
    component.loader->finish();
    const nn::Pass pass = component.pass(1, tap_into(results, "out."));
    const Tensor embeds = tower(pass, images_of(*component.ops, golden.at("in.pixels")));
    results.check("out.image_embeds", embeds.span());
}

void run_image_preprocess(const GoldenCase& golden, Results& results, int) {
    const auto& params = golden.params;
    diffusion::ClipPreprocessing preprocessing;
    const int clip_px = params.at("clip_size");
    preprocessing.size = {clip_px, clip_px};
    preprocessing.mean = params.at("image_mean").get<std::array<float, 3>>();
    preprocessing.deviation = params.at("image_std").get<std::array<float, 3>>();
    const auto prepared = diffusion::prepare_picture(
        picture_of(golden.at("in.image")), {params.at("width"), params.at("height")}, preprocessing);
    results.check("out.square", prepared.square.pixels);
    results.check("out.clip_image", prepared.clip_image.pixels);
    results.check("out.crop", prepared.crop.pixels);
    const auto path_after = [&](const char* stage) { return results.equal(stage) ? Path::exact : Path::any; };
    results.check("out.clip_pixels", planes(prepared.clip_pixels, 3), path_after("out.clip_image"));
    results.check("out.vae_pixels", planes(prepared.vae_pixels, 3), path_after("out.crop"));
}

void run_vae_encode(const GoldenCase& golden, Results& results, int threads) {
    const Component component =
        open_component(golden, "vae", models::vae_file_habits(models::VaeHalf::encoder), threads);
    const models::VaeConfig config = models::parse_vae_config(component.config);
    const models::VaeEncoder encoder(component.loader->root(), config);
    component.loader->finish();
    const nn::Pass pass = component.pass(1, tap_into(results, "out.dbg."));
    const Tensor moments = encoder.moments(pass, images_of(*component.ops, golden.at("in.image")));
    results.check("out.moments", channels_first(moments));

    const std::int64_t channels = config.latent_channels;
    const diffusion::LatentDistribution distribution = diffusion::distribution_of(moments.span(), channels);
    results.check("out.mean", planes(distribution.mean, channels));
    results.check("out.logvar", planes(distribution.log_variance, channels));
    results.check("out.std", planes(distribution.deviation, channels));
    const Tensor noise = images_of(*component.ops, golden.at("in.noise"));
    const std::vector<float> drawn = diffusion::sample(distribution, noise.span());
    results.check("out.sample", planes(drawn, channels));
    const std::int64_t frames = golden.params.at("num_frames");
    const double factor = golden.params.value("scaling_factor", config.scaling_factor);
    const std::vector<float> clip = diffusion::image_latents(drawn, factor, static_cast<int>(frames));
    const tensor::Shape shape{frames, moments.shape()[1], moments.shape()[2], channels};
    results.check("out.image_latents", clips_channels_first(component.ops->upload(shape, clip), frames));
}

void run_vae_decode(const GoldenCase& golden, Results& results, int threads) {
    const Component component =
        open_component(golden, "vae", models::vae_file_habits(models::VaeHalf::decoder), threads);
    const models::VaeConfig config = models::parse_vae_config(component.config);
    const models::VaeDecoder decoder(component.loader->root(), config);
    component.loader->finish();
    Numbers latents = golden.at("in.latents");
    const double factor = golden.params.value("scaling_factor", config.scaling_factor);
    for (double& value : latents.values) value = static_cast<float>(1 / factor) * static_cast<float>(value);
    const nn::Pass pass = component.pass(1, tap_into(results, "out.dbg."));
    results.check("out.image", channels_first(decoder.decode(pass, images_of(*component.ops, latents))));
}

}  // namespace stillreel::parity
