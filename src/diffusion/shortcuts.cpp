#include "diffusion/shortcuts.h"

#include <optional>

namespace stillreel::diffusion {

std::string_view name_of(Speed speed) {
    switch (speed) {
        case Speed::exact:
            return "exact";
        case Speed::fast:
            return "fast";
        case Speed::draft:
            return "draft";
    }
    return "";
}

Shortcuts shortcuts_of(Speed speed) {
    switch (speed) {
        case Speed::exact:
            return {};
        case Speed::fast:
            return {2, 3, 0, 1};
        case Speed::draft:
            return {4, 1, 0, 0.8};
    }
    return {};
}

std::vector<StepWork> plan_steps(const Shortcuts& shortcuts, int steps, int clips) {
    std::vector<StepWork> plan;
    int whole = 0;                // the last step that worked its deep features out
    std::optional<int> negative;  // ... and the negative half
    for (int step = 0; step < steps; ++step) {
        StepWork work;
        const double middle = (step + 0.5) / steps;
        const bool guided =
            clips > 1 && middle >= shortcuts.guidance_start && middle <= shortcuts.guidance_end;
        if (guided && negative && step < steps - 1 && step - *negative < shortcuts.guidance_interval) {
            work.negative = NegativeWork::reused;
        } else if (guided) {
            work.clips = clips;
            work.negative = NegativeWork::worked_out;
            negative = step;
        }
        const bool reuses = step > 0 && step < steps - 1 && step - whole < shortcuts.cache_interval &&
                            work.clips <= plan[static_cast<std::size_t>(whole)].clips;
        if (reuses) {
            work.deep = DeepWork::reused;
            plan[static_cast<std::size_t>(whole)].deep = DeepWork::kept;
        } else {
            whole = step;
        }
        plan.push_back(work);
    }
    return plan;
}

}  // namespace stillreel::diffusion
