#include "diffusion/unet_stage.h"

#include "base/clock.h"

namespace stillreel::diffusion {
namespace {

using models::I2VGenUnet;
using tensor::Ops;
using tensor::Tensor;

constexpr std::uint64_t kSeed = 1;
constexpr std::int64_t kTextTokens = 77;
constexpr int kPixelsPerLatent = 8;
constexpr double kTimestep = 981;
constexpr double kFps = 8;

nn::Chunking chunking_of(const UnetBenchRequest& request) {
    if (request.memory == Memory::normal) return {};
    const std::int64_t pixels =
        std::int64_t{request.width_px / kPixelsPerLatent} * request.height_px / kPixelsPerLatent;
    return nn::Chunking::low_memory(std::int64_t{request.clips} * request.frames, pixels);
}

weights::PrecisionPolicy policy_of(const UnetBenchRequest& request) {
    return
        [all = I2VGenUnet::precision_policy(request.precision), only = request.only](std::string_view path) {
            return path.find(only) == std::string_view::npos ? tensor::Precision::f32 : all(path);
        };
}

I2VGenUnet build(Ops& ops, weights::WeightSource& source, const UnetBenchRequest& request) {
    weights::WeightLoader loader("unet", source, ops, I2VGenUnet::file_habits(), policy_of(request));
    return I2VGenUnet(loader.root(), request.config);
}

}  // namespace

UnetStage::UnetStage(Ops& on, weights::WeightSource& source, const UnetBenchRequest& request)
    : ops(on),
      frames_(request.frames),
      chunking_(chunking_of(request)),
      merged_tokens_(request.merged_tokens),
      unet_(build(on, source, request)),
      sample_(ramp({std::int64_t{request.clips} * frames_, request.height_px / kPixelsPerLatent,
                    request.width_px / kPixelsPerLatent, request.config.in_channels})),
      condition_(unet_.prepare(pass({}), inputs(request))) {}

std::unique_ptr<weights::WeightSource> UnetStage::random_weights() { return weights::random_weights(kSeed); }

models::UnetInputs UnetStage::inputs(const UnetBenchRequest& request) const {
    const std::int64_t width = request.config.context_width;
    return {ramp({request.clips, kTextTokens, width}), ramp({request.clips, 1, width}), sample_,
            std::vector<double>(static_cast<std::size_t>(request.clips), kFps)};
}

/// Numbers in [-1, 1], the same every time.
Tensor UnetStage::ramp(const tensor::Shape& shape) const {
    std::vector<float> numbers(ops.computes() ? static_cast<std::size_t>(shape.elements()) : 0);
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = static_cast<float>(i * 37 % 101) / 50.0f - 1.0f;
    return ops.upload(shape, numbers);
}

Tensor UnetStage::run(nn::Tap tap) const {
    return unet_(pass(std::move(tap)), sample_, kTimestep, *condition_);
}

double UnetStage::seconds_of_pass(nn::Tap tap) const {
    const Stopwatch watch;
    run(std::move(tap));
    return watch.seconds();
}

}  // namespace stillreel::diffusion
