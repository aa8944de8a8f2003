#include "diffusion/progress_meter.h"

#include <algorithm>

namespace stillreel::diffusion {
namespace {

// Finer than a bar of 1000 cells, so that listeners are not called for every small operation.
constexpr double kStep = 0.0005;

}  // namespace

ProgressMeter::ProgressMeter(const I2VGenCost& cost, int steps,
                             std::function<void(const I2VGenProgress&)> listener)
    : total_(std::max(cost.flops, 1.0)), listener_(std::move(listener)) {
    now_.steps = steps;
}

void ProgressMeter::begin(std::string_view stage, double flops_before, int steps_done) {
    now_.stage = stage;
    reach(steps_done, flops_before);
}

void ProgressMeter::reach(int steps_done, double flops_before) {
    now_.step = steps_done;
    flops_ = flops_before;
    report();
}

void ProgressMeter::listen_to(tensor::Ops& ops) {
    if (!listener_) return ops.observe({});
    ops.observe([this](const tensor::OpRecord& record) {
        flops_ += record.flops;
        if (flops_ / total_ >= reported_ + kStep) report();
    });
}

void ProgressMeter::report() {
    if (!listener_) return;
    now_.done = std::min(1.0, flops_ / total_);
    reported_ = now_.done;
    listener_(now_);
}

}  // namespace stillreel::diffusion
