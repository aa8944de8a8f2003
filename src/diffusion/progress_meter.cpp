#include "diffusion/progress_meter.h"

#include <algorithm>

namespace stillreel::diffusion {
namespace {

// Finer than a bar of 1000 cells, so that listeners are not called for every small operation.
constexpr double kStep = 0.0005;

}  // namespace

ProgressMeter::ProgressMeter(const I2VGenCost& cost, const Pace& pace, int steps,
                             std::function<void(const I2VGenProgress&)> listener)
    : pace_(pace), times_(cost, pace), listener_(std::move(listener)) {
    now_.steps = steps;
}

void ProgressMeter::begin(std::string_view stage, double seconds_before, int steps_done) {
    now_.stage = stage;
    reach(steps_done, seconds_before);
}

void ProgressMeter::reach(int steps_done, double seconds_before) {
    now_.step = steps_done;
    seconds_ = seconds_before;
    report();
}

void ProgressMeter::loaded(std::uint64_t stored_bytes) { go_on(pace_.seconds_to_load(stored_bytes)); }

void ProgressMeter::listen_to(tensor::Ops& ops) {
    if (!listener_) return ops.observe({});
    ops.observe([this](const tensor::OpRecord& record) { go_on(pace_.seconds(record)); });
}

void ProgressMeter::go_on(double seconds) {
    seconds_ += seconds;
    if (seconds_ / times_.total() >= reported_ + kStep) report();
}

void ProgressMeter::report() {
    if (!listener_) return;
    now_.done = std::min(1.0, seconds_ / times_.total());
    reported_ = now_.done;
    listener_(now_);
}

}  // namespace stillreel::diffusion
