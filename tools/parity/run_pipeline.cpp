// Whole clips, from a picture and a sentence to frames.
#include <fmt/core.h>

#include "base/error.h"
#include "diffusion/i2vgen_pipeline.h"
#include "layout.h"
#include "models/clip_tokenizer.h"
#include "pipeline_request.h"
#include "runners.h"
#include "weights/model_folder.h"

namespace stillreel::parity {
namespace {

using diffusion::I2VGenRequest;
using nlohmann::json;

std::string text_or_empty(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

diffusion::GivenNoise noise_of(const GoldenCase& golden) {
    diffusion::GivenNoise noise;
    noise.vae = golden.at("in.vae_noise").floats();
    noise.latents = golden.at("in.latent_noise").floats();
    for (int step = 0; golden.has(fmt::format("in.variance_noise.{}", step)); ++step)
        noise.variance.push_back(golden.at(fmt::format("in.variance_noise.{}", step)).floats());
    return noise;
}

/// The prompts' ids are inputs of the case; ours must be the same, or every later number is of another
/// prompt.
void check_ids(const GoldenCase& golden) {
    const auto tokenizer = models::ClipTokenizer::open(golden.model / "tokenizer");
    const auto same = [&](const char* tensor, const std::string& text) {
        if (golden.has(tensor) && tokenizer.encode(text).ids != golden.at(tensor).integers())
            throw Error(ErrorCode::corrupt_data,
                        fmt::format("{}: stillreel's tokenizer gives other ids", tensor));
    };
    same("in.prompt_ids", golden.params.at("prompt"));
    same("in.negative_ids", text_or_empty(golden.params.value("negative", json())));
}

}  // namespace

bool has_two_generators(const GoldenCase& golden) {
    return !golden.params.value("global_seed", json()).is_null();
}

I2VGenRequest request_of(const GoldenCase& golden) {
    const json& params = golden.params;
    I2VGenRequest request;
    request.picture = picture_of(golden.at("in.image"));
    request.prompt = params.at("prompt");
    request.negative_prompt = text_or_empty(params.value("negative", json()));
    request.width_px = params.at("width");
    request.height_px = params.at("height");
    request.frames = params.at("frames");
    request.fps = params.at("fps");
    request.steps = params.at("steps");
    request.guidance = params.at("guidance");
    request.eta = params.value("eta", 0.0);
    request.seed = params.at("seed");
    request.clip_skip = params.value("clip_skip", 1);
    request.guidance_rescale = params.value("guidance_rescale", 0.0);
    return request;
}

void run_pipeline(const GoldenCase& golden, Results& results, int threads) {
    check_ids(golden);
    diffusion::I2VGenRun run;
    run.threads = threads;
    auto pipeline = diffusion::I2VGenPipeline::open(weights::open_model_folder(golden.model), run);
    std::vector<float> decoded;
    diffusion::I2VGenHooks hooks;
    hooks.probe = [&](std::string_view name, const tensor::Shape&, std::span<const float> numbers) {
        if (name.starts_with("decoded."))
            decoded.insert(decoded.end(), numbers.begin(), numbers.end());
        else
            results.check(fmt::format("out.{}", name), numbers);
    };
    I2VGenRequest request = request_of(golden);
    if (has_two_generators(golden)) request.given_noise = noise_of(golden);
    const diffusion::ClipLatents latents = pipeline.denoise(request, hooks);
    std::vector<std::uint8_t> frames;
    for (int number = 0; number < request.frames; ++number) {
        const image::Image frame = pipeline.decode(latents, number, hooks);
        frames.insert(frames.end(), frame.pixels.begin(), frame.pixels.end());
    }
    results.check("out.decoded", decoded);
    results.check("out.frames", frames);
}

}  // namespace stillreel::parity
