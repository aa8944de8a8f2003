#include "diffusion/cost_memory.h"

#include <fmt/core.h>

#include <filesystem>

#include "diffusion/clip_cost.h"
#include "diffusion/request_check.h"

namespace stillreel::diffusion {
namespace {

constexpr std::size_t kMostKnown = 1000;

/// All that a cost depends on. A model that was exchanged under its name is another one.
std::string key_of(const I2VGenModel& model, const I2VGenRequest& request) {
    std::error_code none;
    const auto written =
        std::filesystem::last_write_time(model.folder.at(kUnet).folder / "config.json", none);
    const Shortcuts& shortcuts = request.shortcuts;
    return fmt::format("{} {} {}x{} {} {} {} {} {} {} {} {} {} {} {} {}", model.folder.root.string(),
                       written.time_since_epoch().count(), request.width_px, request.height_px,
                       request.frames, request.steps, batch_of(request), request.clip_skip,
                       static_cast<int>(request.memory), static_cast<int>(request.precision),
                       shortcuts.cache_interval, shortcuts.cache_branch, shortcuts.guidance_start,
                       shortcuts.guidance_end, shortcuts.guidance_interval, shortcuts.merge_tokens);
}

}  // namespace

I2VGenCost CostMemory::cost(const I2VGenModel& model, const I2VGenRequest& request) {
    check_request(model, request);
    const std::string key = key_of(model, request);
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = known_.find(key); known != known_.end()) return known->second;
    }
    const I2VGenCost cost = cost_of(model, request);
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMostKnown) known_.clear();
    known_[key] = cost;
    return cost;
}

}  // namespace stillreel::diffusion
