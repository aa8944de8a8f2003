#include "studio/stage_times.h"

#include <fmt/core.h>

#include "base/amounts.h"
#include "base/statistics.h"

namespace stillreel::studio {
namespace {

constexpr double kTellEvery_s = 30;

}  // namespace

void StageTimes::hear(const Progress& now) {
    const std::string_view stage = now.stage.empty() ? "frames" : now.stage;
    if (stage != stage_) {
        end();
        stage_ = stage;
        first_step_ = now.step;
        in_stage_.restart();
        in_step_.restart();
        since_told_.restart();
    } else if (now.step > last_.step) {
        if (now.step == last_.step + 1) steps_s_.push_back(in_step_.seconds());
        in_step_.restart();
    }
    last_ = now;
    if (since_told_.seconds() < kTellEvery_s) return;
    since_told_.restart();
    std::string line = fmt::format("{}: {:.0f} %", stage_, 100 * now.done);
    if (now.step < now.steps) line += fmt::format(", step {} of {}", now.step, now.steps);
    if (now.seconds_left > 0) line += fmt::format(", about {} left", duration_text(now.seconds_left));
    tell_(line);
}

void StageTimes::end() {
    if (stage_.empty()) return;
    std::string line = fmt::format("{}: {:.1f} s", stage_, in_stage_.seconds());
    if (const int steps = last_.step - first_step_; steps > 0) {
        line += fmt::format(" for {} steps", steps);
        if (const auto step_s = step_seconds()) line += fmt::format(", {:.2f} s a step", *step_s);
    }
    tell_(line);
    stage_.clear();
}

std::optional<double> StageTimes::step_seconds() const {
    if (steps_s_.empty()) return std::nullopt;
    return median(steps_s_);
}

}  // namespace stillreel::studio
