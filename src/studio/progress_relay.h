// Two threads' news about one clip, put together into one Progress: stages come from the engine, frames from
// the encoder.
#pragma once

#include <mutex>
#include <optional>

#include "base/clock.h"
#include "studio/generate.h"

namespace stillreel::studio {

class ProgressRelay {
  public:
    ProgressRelay(const Observer& observer, int frames) : observer_(observer) { now_.frames = frames; }

    void stage(const StageProgress& stage);
    /// Frame `number` is in the file.
    void wrote(int number);

    /// The last news. Not while others are being told.
    const Progress& now() const { return now_; }

  private:
    void tell();

    const Observer& observer_;
    std::mutex mutex_;
    Progress now_;
    Stopwatch watch_;
    std::optional<double> done_at_start_;  // of a clip that goes on
};

}  // namespace stillreel::studio
