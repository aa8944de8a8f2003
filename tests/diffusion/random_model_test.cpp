#include "diffusion/random_model.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/model_check.h"
#include "media/full_disk.h"
#include "models/clip_tokenizer.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::diffusion {
namespace {

class RandomModelTest : public ::testing::Test {
  protected:
    RandomModelTest() {
        request_.config = "tiny";
        request_.folder = scratch_ / "model";
    }
    RandomModel write() const { return write_random_model(request_, {}); }

    stillreel::testing::ScratchFolder scratch_;
    RandomModelRequest request_;
};

TEST_F(RandomModelTest, IsAWholeModelThatChecksOut) {
    const RandomModel model = write();
    const ModelReport report = check_model({request_.folder, "", Sums::no}, {});
    EXPECT_TRUE(report.fine());
    std::int64_t parameters = 0;
    for (const ComponentReport& component : report.components) parameters += component.parameters;
    EXPECT_EQ(parameters, model.parameters);
    EXPECT_EQ(model.bytes, 2 * static_cast<std::uint64_t>(parameters));
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.path()), fs::directory_iterator{}), 1);
}

TEST_F(RandomModelTest, ThePipelineTakesIt) {
    request_.type = tensor::DType::f32;
    write();
    EXPECT_NO_THROW(I2VGenPipeline::open(weights::open_model_folder(request_.folder), {}));
}

TEST_F(RandomModelTest, SameSeedSameBytesOtherSeedOtherBytes) {
    const auto vae_of = [&](const char* name, std::uint64_t seed) {
        request_.folder = scratch_ / name;
        request_.seed = seed;
        write();
        return read_file(request_.folder / "vae/diffusion_pytorch_model.safetensors", 1 << 24);
    };
    const auto one = vae_of("one", 1), again = vae_of("again", 1), two = vae_of("two", 2);
    EXPECT_EQ(one, again);
    EXPECT_NE(one, two);
}

TEST_F(RandomModelTest, FullPrecisionIsTwiceAsLarge) {
    request_.type = tensor::DType::f32;
    const RandomModel model = write();
    EXPECT_EQ(model.bytes, 4 * static_cast<std::uint64_t>(model.parameters));
}

TEST_F(RandomModelTest, ItsTokenizerReadsEveryText) {
    write();
    const auto tokenizer = models::ClipTokenizer::open(request_.folder / "tokenizer");
    // Start, one token a byte, end: every text can be written down.
    const auto ids = tokenizer.encode("Hé 推").ids;
    ASSERT_EQ(ids.size(), 77u);
    EXPECT_EQ(ids[0], 512);
    EXPECT_EQ(std::find(ids.begin() + 1, ids.end(), tokenizer.end_id()) - ids.begin(), 1 + 3 + 3);
    for (const std::int64_t id : ids) EXPECT_LT(id, 514);
}

TEST_F(RandomModelTest, ThePublishedSizesNeedFiveGigabytesAndSayIt) {
    request_.config = "i2vgen-xl";
    request_.free_space = [](const fs::path&) { return std::uint64_t{1'000'000'000}; };
    EXPECT_ERROR(write(), ErrorCode::io, "need 5.0 GB");
    request_.type = tensor::DType::f32;
    EXPECT_ERROR(write(), ErrorCode::io, "need 10.0 GB");
    EXPECT_TRUE(fs::is_empty(scratch_.path()));
}

TEST_F(RandomModelTest, TakesNoFolderThatIsInUse) {
    fs::create_directory(request_.folder);
    std::ofstream(request_.folder / "mine") << "x";
    EXPECT_ERROR(write(), ErrorCode::invalid_argument, "not empty");
    EXPECT_TRUE(fs::exists(request_.folder / "mine"));
    request_.config = "huge";
    EXPECT_ERROR(write(), ErrorCode::invalid_argument, "i2vgen-xl or tiny");
}

TEST_F(RandomModelTest, AFullDiskAndACancelLeaveNothing) {
    {
        const stillreel::testing::FullDisk full(1'000'000);
        EXPECT_ERROR(write(), ErrorCode::io, "unet");
    }
    EXPECT_TRUE(fs::is_empty(scratch_.path()));
    CancelFlag cancel;
    RandomModelHooks hooks;
    hooks.cancel = &cancel;
    hooks.progress = [&](std::uint64_t, std::uint64_t) { cancel.request(); };
    EXPECT_ERROR(write_random_model(request_, hooks), ErrorCode::cancelled, "cancelled");
    EXPECT_TRUE(fs::is_empty(scratch_.path()));
}

}  // namespace
}  // namespace stillreel::diffusion
