// How far a clip has come, weighted by floating-point operations: moves inside of long model passes too.
#pragma once

#include <functional>
#include <string_view>

#include "diffusion/i2vgen_pipeline.h"
#include "tensor/ops.h"

namespace stillreel::diffusion {

class ProgressMeter {
  public:
    /// `listener` may be empty.
    ProgressMeter(const I2VGenCost& cost, int steps, std::function<void(const I2VGenProgress&)> listener);

    /// A stage begins, with so much done before, here or in a run that was interrupted.
    void begin(std::string_view stage, double flops_before, int steps_done = 0);
    /// Sets the count straight, where a step or a frame ends.
    void reach(int steps_done, double flops_before);

    /// Counts the operations of `ops` from now on. The meter must outlive the listening.
    void listen_to(tensor::Ops& ops);

  private:
    void report();

    double total_;
    std::function<void(const I2VGenProgress&)> listener_;
    I2VGenProgress now_;
    double flops_ = 0;
    double reported_ = -1;
};

}  // namespace stillreel::diffusion
