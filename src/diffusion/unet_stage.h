// A UNet on random weights with made-up inputs, ready for passes: what benches run.
#pragma once

#include <cstdint>
#include <memory>

#include "diffusion/unet_bench.h"
#include "tensor/ops.h"
#include "weights/weight_source.h"

namespace stillreel::diffusion {

class UnetStage {
  public:
    /// `on` and `source` must outlive it.
    UnetStage(tensor::Ops& on, weights::WeightSource& source, const UnetBenchRequest& request);

    /// The same numbers every time.
    static std::unique_ptr<weights::WeightSource> random_weights();

    /// One step, [clips * frames, h, w, channels].
    tensor::Tensor run(nn::Tap tap = {}) const;
    double seconds_of_pass(nn::Tap tap = {}) const;

    tensor::Ops& ops;

  private:
    nn::Pass pass(nn::Tap tap) const { return {ops, frames_, chunking_, std::move(tap), merged_tokens_}; }
    models::UnetInputs inputs(const UnetBenchRequest& request) const;
    tensor::Tensor ramp(const tensor::Shape& shape) const;

    std::int64_t frames_;
    nn::Chunking chunking_;
    double merged_tokens_;
    models::I2VGenUnet unet_;
    tensor::Tensor sample_;
    std::shared_ptr<const models::UnetCondition> condition_;
};

}  // namespace stillreel::diffusion
