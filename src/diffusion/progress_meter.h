// How far a clip has come, weighted by the time that work takes: moves inside of long model passes too.
#pragma once

#include <functional>
#include <string_view>

#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/timetable.h"
#include "tensor/ops.h"

namespace stillreel::diffusion {

class ProgressMeter {
  public:
    /// `listener` may be empty.
    ProgressMeter(const I2VGenCost& cost, const Pace& pace, int steps,
                  std::function<void(const I2VGenProgress&)> listener);

    /// When the parts of the clip begin, in the seconds that the meter counts.
    const Timetable& times() const { return times_; }

    /// A stage begins, with so much done before, here or in a run that was interrupted.
    void begin(std::string_view stage, double seconds_before, int steps_done = 0);
    /// Sets the count straight, where a step or a frame ends.
    void reach(int steps_done, double seconds_before);
    /// So much of a tower's weights was read and packed.
    void loaded(std::uint64_t stored_bytes);

    /// Counts the operations of `ops` from now on. The meter must outlive the listening.
    void listen_to(tensor::Ops& ops);

  private:
    void go_on(double seconds);
    void report();

    Pace pace_;
    Timetable times_;
    std::function<void(const I2VGenProgress&)> listener_;
    I2VGenProgress now_;
    double seconds_ = 0;
    double reported_ = -1;
};

}  // namespace stillreel::diffusion
