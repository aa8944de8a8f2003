#include "diffusion/packed_weights.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "diffusion/tiny_clips.h"
#include "support/scratch.h"

namespace stillreel::diffusion {
namespace {

using namespace testing;

std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    return files;
}

TEST(PackedWeights, AClipFromKeptWeightsHasTheSameBits) {
    for (const tensor::Precision precision : {tensor::Precision::f32, tensor::Precision::int8}) {
        const ScratchFolder folder;
        const fs::path cache = folder / "packed";
        const TinyRun plain = tiny_run(precision);
        const TinyRun first = tiny_run(precision, tiny_root(), cache);
        EXPECT_NE(first.notes.find("packed weights are kept in"), std::string::npos) << first.notes;
        ASSERT_EQ(files_in(cache).size(), 1u);
        const auto written = fs::last_write_time(files_in(cache)[0]);
        const TinyRun second = tiny_run(precision, tiny_root(), cache);
        EXPECT_EQ(second.notes.find("packed weights"), std::string::npos) << second.notes;
        EXPECT_EQ(fs::last_write_time(files_in(cache)[0]), written);
        EXPECT_EQ(first.latents, plain.latents);
        EXPECT_EQ(second.latents, plain.latents);
    }
}

TEST(PackedWeights, EveryPrecisionHasAFileOfItsOwn) {
    const ScratchFolder folder;
    tiny_run(tensor::Precision::f32, tiny_root(), folder / "packed");
    tiny_run(tensor::Precision::int8, tiny_root(), folder / "packed");
    EXPECT_EQ(files_in(folder / "packed").size(), 2u);
}

TEST(PackedWeights, AModelThatWasExchangedIsPackedAnew) {
    const ScratchFolder folder;
    const fs::path model = folder / "model", cache = folder / "packed";
    fs::copy(tiny_root(), model, fs::copy_options::recursive);
    const TinyRun before = tiny_run(tensor::Precision::f32, model, cache);
    const fs::path weights = model / "unet/diffusion_pytorch_model.safetensors";
    {
        std::fstream file(weights, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(-2, std::ios::end);
        file.put(1);
    }
    fs::last_write_time(weights, fs::last_write_time(weights) + std::chrono::seconds(2));
    const TinyRun after = tiny_run(tensor::Precision::f32, model, cache);
    EXPECT_NE(after.notes.find("packed anew"), std::string::npos) << after.notes;
    EXPECT_EQ(after.latents, tiny_run(tensor::Precision::f32, model).latents);
}

TEST(PackedWeights, AFolderThatCannotBeWrittenIsNoMoreThanANote) {
    const ScratchFolder folder;
    write_file(folder / "packed", "a file where the folder should be");
    const TinyRun clip = tiny_run(tensor::Precision::f32, tiny_root(), folder / "packed");
    EXPECT_NE(clip.notes.find("are not kept"), std::string::npos) << clip.notes;
    EXPECT_EQ(clip.latents, tiny_run(tensor::Precision::f32).latents);
}

}  // namespace
}  // namespace stillreel::diffusion
