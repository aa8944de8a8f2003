#include "diffusion/packed_weights.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "diffusion/tiny_clips.h"
#include "support/scratch.h"

namespace stillreel::diffusion {
namespace {

using namespace testing;

struct Clip {
    std::vector<float> latents;
    std::string notes;
};

Clip clip_with(const fs::path& cache, tensor::Precision precision, const fs::path& root = tiny_root()) {
    auto pipeline = I2VGenPipeline::open(weights::open_model_folder(root), {2, {}, {}, cache});
    I2VGenRequest request = tiny_request();
    request.steps = 2;
    request.precision = precision;
    Clip clip;
    I2VGenHooks hooks;
    hooks.note = [&](const std::string& line) { clip.notes += line + "\n"; };
    clip.latents = pipeline.denoise(request, hooks).numbers;
    return clip;
}

std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    return files;
}

TEST(PackedWeights, AClipFromKeptWeightsHasTheSameBits) {
    for (const tensor::Precision precision : {tensor::Precision::f32, tensor::Precision::int8}) {
        const ScratchFolder folder;
        const fs::path cache = folder / "packed";
        const Clip plain = clip_with({}, precision);
        const Clip first = clip_with(cache, precision);
        EXPECT_NE(first.notes.find("packed weights are kept in"), std::string::npos) << first.notes;
        ASSERT_EQ(files_in(cache).size(), 1u);
        const auto written = fs::last_write_time(files_in(cache)[0]);
        const Clip second = clip_with(cache, precision);
        EXPECT_EQ(second.notes.find("packed weights"), std::string::npos) << second.notes;
        EXPECT_EQ(fs::last_write_time(files_in(cache)[0]), written);
        EXPECT_EQ(first.latents, plain.latents);
        EXPECT_EQ(second.latents, plain.latents);
    }
}

TEST(PackedWeights, EveryPrecisionHasAFileOfItsOwn) {
    const ScratchFolder folder;
    clip_with(folder / "packed", tensor::Precision::f32);
    clip_with(folder / "packed", tensor::Precision::int8);
    EXPECT_EQ(files_in(folder / "packed").size(), 2u);
}

TEST(PackedWeights, AModelThatWasExchangedIsPackedAnew) {
    const ScratchFolder folder;
    const fs::path model = folder / "model", cache = folder / "packed";
    fs::copy(tiny_root(), model, fs::copy_options::recursive);
    const Clip before = clip_with(cache, tensor::Precision::f32, model);
    const fs::path weights = model / "unet/diffusion_pytorch_model.safetensors";
    {
        std::fstream file(weights, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(-2, std::ios::end);
        file.put(1);
    }
    fs::last_write_time(weights, fs::last_write_time(weights) + std::chrono::seconds(2));
    const Clip after = clip_with(cache, tensor::Precision::f32, model);
    EXPECT_NE(after.notes.find("packed anew"), std::string::npos) << after.notes;
    EXPECT_EQ(after.latents, clip_with({}, tensor::Precision::f32, model).latents);
}

TEST(PackedWeights, AFolderThatCannotBeWrittenIsNoMoreThanANote) {
    const ScratchFolder folder;
    write_file(folder / "packed", "a file where the folder should be");
    const Clip clip = clip_with(folder / "packed", tensor::Precision::f32);
    EXPECT_NE(clip.notes.find("are not kept"), std::string::npos) << clip.notes;
    EXPECT_EQ(clip.latents, clip_with({}, tensor::Precision::f32).latents);
}

}  // namespace
}  // namespace stillreel::diffusion
