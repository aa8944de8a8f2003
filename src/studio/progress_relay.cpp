#include "studio/progress_relay.h"

#include <algorithm>

namespace stillreel::studio {

void ProgressRelay::stage(const StageProgress& stage) {
    const std::lock_guard lock(mutex_);
    if (!done_at_start_) {
        done_at_start_ = stage.done;
        watch_.restart();
    }
    now_.stage = stage.stage;
    now_.step = std::max(now_.step, stage.step);
    now_.steps = stage.steps;
    now_.done = std::max(now_.done, stage.done);
    const double worked = now_.done - *done_at_start_;
    // The first moments say little: files are read there, which is not counted as work.
    now_.seconds_left = worked > 0 ? watch_.seconds() * (1 - now_.done) / worked : -1;
    tell();
}

void ProgressRelay::wrote(int number) {
    const std::lock_guard lock(mutex_);
    now_.frame = number + 1;
    const double rate = now_.frame / std::max(1e-6, watch_.seconds());
    if (now_.stage.empty()) {
        now_.done = static_cast<double>(now_.frame) / now_.frames;
        now_.frames_per_second = rate;
        now_.seconds_left = (now_.frames - now_.frame) / rate;
    } else if (now_.frame == now_.frames) {
        now_.done = 1;
        now_.seconds_left = 0;
    }
    tell();
}

void ProgressRelay::tell() {
    if (observer_.progress) observer_.progress(now_);
}

}  // namespace stillreel::studio
