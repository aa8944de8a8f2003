// How long each stage of a clip took, and each step: what the log of a job tells, and what estimates are
// measured against.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "studio/generate.h"

namespace stillreel::studio {

class StageTimes {
  public:
    /// `tell` gets a line at the end of every stage, and one every half minute within a long one.
    explicit StageTimes(std::function<void(const std::string&)> tell) : tell_(std::move(tell)) {}

    /// Not from two threads at once.
    void hear(const Progress& now);
    /// The last stage is over too.
    void end();

    /// Median of the steps that began and ended here; nothing for a clip without.
    std::optional<double> step_seconds() const;

  private:
    std::function<void(const std::string&)> tell_;
    std::string stage_;
    Stopwatch in_stage_, in_step_, since_told_;
    Progress last_;
    int first_step_ = 0;
    std::vector<double> steps_s_;
};

}  // namespace stillreel::studio
