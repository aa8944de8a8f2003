// Whole clips of the reference, every tensor on the way: from the picture's preparation to the bytes of the
// frames.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/tiny_clips.h"
#include "parity/pipeline_request.h"
#include "support/golden.h"
#include "weights/model_folder.h"

namespace stillreel {
namespace {

using testing::Golden;
using testing::Shown;

/// All noise but the VAE's must come from our own stream.
diffusion::I2VGenRequest request_of(const Golden& golden) {
    diffusion::I2VGenRequest request = parity::request_of(golden);
    if (parity::has_two_generators(golden))
        request.given_noise = diffusion::GivenNoise{golden.at("in.vae_noise").floats(), {}, {}};
    return request;
}

class PipelineGolden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(PipelineGolden, EveryTensorIsTheReferences) {
    const Golden golden = testing::load_golden(GetParam());
    auto pipeline = diffusion::I2VGenPipeline::open(weights::open_model_folder(golden.model), {2, {}, ""});
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
            golden.expect_equal(name, bytes);
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
