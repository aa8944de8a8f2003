// Whole clips of the reference, every tensor on the way: from the picture's preparation to the bytes of the
// frames.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/tiny_clips.h"
#include "support/golden.h"
#include "weights/model_folder.h"

namespace stillreel {
namespace {

using testing::Golden;
using testing::Shown;

diffusion::I2VGenRequest request_of(const Golden& golden) {
    const nlohmann::json& params = golden.about.at("params");
    const auto& picture = golden.at("in.image");
    diffusion::I2VGenRequest request;
    request.picture = image::Image(static_cast<int>(picture.shape[1]), static_cast<int>(picture.shape[0]), 3);
    std::copy(picture.values.begin(), picture.values.end(), request.picture.pixels.begin());
    request.prompt = params.at("prompt");
    if (params.at("negative").is_string()) request.negative_prompt = params.at("negative");
    request.width_px = params.at("width");
    request.height_px = params.at("height");
    request.frames = params.at("frames");
    request.fps = params.at("fps");
    request.steps = params.at("steps");
    request.guidance = params.at("guidance");
    request.eta = params.at("eta");
    request.seed = params.at("seed");
    request.clip_skip = params.at("clip_skip");
    // Two generators in the reference: the VAE's noise is not of our stream then, all else is.
    if (!params.at("global_seed").is_null())
        request.given_noise = diffusion::GivenNoise{golden.at("in.vae_noise").floats(), {}, {}};
    return request;
}

void expect_frames(const Golden& golden, const std::vector<double>& bytes) {
    golden.expect_equal("out.frames", bytes);
    const std::vector<double>& expected = golden.at("out.frames").values;
    std::size_t equal = 0;
    for (std::size_t i = 0; i < std::min(bytes.size(), expected.size()); ++i)
        equal += bytes[i] == expected[i];
    const double least = golden.about.at("tolerance").at("out.frames").at("min_equal_fraction");
    EXPECT_GE(static_cast<double>(equal), least * static_cast<double>(expected.size())) << golden.name;
}

class PipelineGolden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(PipelineGolden, EveryTensorIsTheReferences) {
    const Golden golden = testing::load_golden(GetParam());
    const std::filesystem::path model = GetParam() / "../.." / std::string(golden.about.at("model"));
    auto pipeline = diffusion::I2VGenPipeline::open(weights::open_model_folder(model), {2, {}, ""});
    Shown shown;
    diffusion::I2VGenHooks hooks;
    hooks.probe = shown.probe();

    const diffusion::ClipLatents latents = pipeline.denoise(request_of(golden), hooks);
    std::vector<float> decoded;
    std::vector<double> bytes;
    for (int frame = 0; frame < latents.frames; ++frame) {
        const image::Image picture = pipeline.decode(latents, frame, hooks);
        bytes.insert(bytes.end(), picture.pixels.begin(), picture.pixels.end());
        const auto& samples = shown.numbers.at("decoded." + std::to_string(frame));
        decoded.insert(decoded.end(), samples.begin(), samples.end());
    }
    shown.numbers["decoded"] = decoded;

    int compared = 0;
    for (const auto& [name, tensor] : golden.tensors) {
        if (!name.starts_with("out.")) continue;
        ++compared;
        if (name == "out.frames") {
            expect_frames(golden, bytes);
            continue;
        }
        const auto found = shown.numbers.find(name.substr(4));
        ASSERT_NE(found, shown.numbers.end()) << golden.name << ": no " << name;
        golden.expect_equal(name, found->second);
    }
    EXPECT_GT(compared, 10);
}

INSTANTIATE_TEST_SUITE_P(Cases, PipelineGolden, ::testing::ValuesIn(testing::golden_cases("pipeline-")),
                         [](const auto& way) {
                             // The two sets have cases of the same name; the index keeps them apart.
                             std::string name = way.param.filename().string();
                             std::replace_if(
                                 name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
                             return name + "_" + std::to_string(way.index);
                         });

}  // namespace
}  // namespace stillreel
