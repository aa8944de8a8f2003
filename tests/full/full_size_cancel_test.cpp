// A clip of 512x512, 16 frames on a UNet of the published size stops within a second, wherever in a pass it
// is.

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/threads.h"
#include "base/machine.h"
#include "models/i2vgen_unet.h"
#include "models/vae.h"
#include "tensor/cpu/cpu_backend.h"

namespace stillreel {
namespace {

using tensor::Tensor;

constexpr std::int64_t kFrames = 16;
constexpr std::int64_t kLatentSide = 64;
constexpr std::uint64_t kNeededBytes = std::uint64_t{9} << 30;

/// Raises the flag after some seconds and measures how long the work went on.
class Stopper {
  public:
    Stopper(CancelFlag& flag, double after_s)
        : thread_([this, &flag, after_s] {
              std::this_thread::sleep_for(std::chrono::duration<double>(after_s));
              raised_.restart();
              flag.request();
          }) {}
    ~Stopper() { thread_.join(); }
    double seconds_since_raised() const { return raised_.seconds(); }

  private:
    Stopwatch raised_;
    std::thread thread_;
};

/// Seconds that `work` went on after it was told to stop; fails when it ended by itself before.
template <class Work>
double seconds_to_stop(CancelFlag& flag, double after_s, Work work) {
    const Stopper stopper(flag, after_s);
    try {
        work();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::cancelled) << error.what();
        return stopper.seconds_since_raised();
    }
    ADD_FAILURE() << "the work ended before it was stopped";
    return 0;
}

/// The published UNet with random weights. The flag is part of the backend, so every try has an Ops of its
/// own over weights that are packed once.
TEST(FullSizeCancel, AUnetPassOf512x512And16FramesStopsWithinASecond) {
    if (free_memory_bytes() < kNeededBytes) GTEST_SKIP() << "9 GiB of free memory are needed";
    const int threads = available_threads();
    const auto pool = tensor::Pool::create(tensor::Pool::Kind::memory);
    tensor::Ops loading(tensor::cpu_backend(threads, nullptr), pool);
    const auto source = weights::random_weights(1, tensor::DType::f16);
    weights::WeightLoader loader("unet", *source, loading, models::I2VGenUnet::file_habits());
    const models::UnetConfig config;
    const models::I2VGenUnet unet(loader.root(), config);
    const auto zeros = [&](const tensor::Shape& shape) {
        return loading.upload(shape, std::vector<float>(static_cast<std::size_t>(shape.elements())));
    };
    const Tensor sample = zeros({kFrames, kLatentSide, kLatentSide, config.in_channels});
    const nn::Pass preparing{loading, kFrames, {}, {}};
    const auto condition = unet.prepare(
        preparing,
        {zeros({1, 77, config.context_width}), zeros({1, 1, config.context_width}), sample, {8.0}});
    for (const double after_s : {0.5, 3.0, 11.0}) {
        CancelFlag flag;
        tensor::Ops ops(tensor::cpu_backend(threads, &flag), pool);
        const nn::Pass pass{ops, kFrames, {}, {}};
        EXPECT_LT(seconds_to_stop(flag, after_s, [&] { unet(pass, sample, 981, *condition); }), 1.0)
            << "after " << after_s << " s";
    }
}

TEST(FullSizeCancel, DecodingA1280x704FrameStopsWithinASecond) {
    const int threads = available_threads();
    const auto pool = tensor::Pool::create(tensor::Pool::Kind::memory);
    tensor::Ops loading(tensor::cpu_backend(threads, nullptr), pool);
    const auto source = weights::random_weights(2, tensor::DType::f16);
    weights::WeightLoader loader("vae", *source, loading, models::vae_file_habits(models::VaeHalf::decoder));
    models::VaeConfig config;
    config.channels = {128, 256, 512, 512};
    config.layers_per_block = 2;
    const models::VaeDecoder decoder(loader.root(), config);
    const Tensor latents = loading.upload({1, 88, 160, 4}, std::vector<float>(88 * 160 * 4));
    for (const double after_s : {0.5, 2.0, 5.0}) {
        CancelFlag flag;
        tensor::Ops ops(tensor::cpu_backend(threads, &flag), pool);
        const nn::Pass pass{ops, 1, {}, {}};
        EXPECT_LT(seconds_to_stop(flag, after_s, [&] { decoder.decode(pass, latents); }), 1.0)
            << "after " << after_s << " s";
    }
}

}  // namespace
}  // namespace stillreel
