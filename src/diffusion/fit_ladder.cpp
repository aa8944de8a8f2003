#include "diffusion/fit_ladder.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "diffusion/machine_rate.h"

namespace stillreel::diffusion {
namespace {

constexpr int kUnit_px = 16;  // keeps the shape of common sizes
constexpr int kSmallestSide_px = 256;
constexpr int kFewestFrames = 8;

/// What a rung changes.
struct Change {
    double scale = 1;  // of both sides; 0: the smallest
    int frames = 0;    // 0: as asked
};

/// The request's size at this scale, or as far towards it as its shorter side allows.
image::Size scaled_size(const I2VGenRequest& request, double scale) {
    const int shorter_px = std::min(request.width_px, request.height_px);
    const double factor = std::max(scale, static_cast<double>(kSmallestSide_px) / shorter_px);
    if (factor >= 1) return {request.width_px, request.height_px};
    const auto side = [&](int px) {
        return static_cast<int>(std::lround(px * factor / kUnit_px)) * kUnit_px;
    };
    return {side(request.width_px), side(request.height_px)};
}

std::string words_for(const Rung& rung, const I2VGenRequest& request) {
    std::vector<std::string> words;
    if (rung.memory != request.memory) words.push_back("low-memory mode");
    if (rung.frames != request.frames) words.push_back(fmt::format("{} frames", rung.frames));
    if (rung.width_px != request.width_px || rung.height_px != request.height_px)
        words.push_back(fmt::format("{}x{}", rung.width_px, rung.height_px));
    if (rung.steps != request.steps) words.push_back(fmt::format("{} steps", rung.steps));
    return fmt::format("{}", fmt::join(words, ", "));
}

/// Counts what rungs cost.
class Surveyor {
  public:
    Surveyor(const I2VGenModel& model, const I2VGenRequest& request, std::uint64_t free_bytes,
             const Pace& pace, CostMemory& costs)
        : model_(model), request_(request), free_bytes_(free_bytes), pace_(pace), costs_(costs) {
        request_.picture = {};
    }

    Rung measured(Rung rung) const {
        I2VGenRequest request = request_;
        climb(rung, request);
        rung.change = words_for(rung, request_);
        rung.cost = costs_.cost(model_, request);
        rung.seconds = seconds_of(rung.cost, pace_);
        rung.fits = rung.cost.peak_bytes <= free_bytes_;
        return rung;
    }

    Rung as_asked() const {
        Rung rung;
        rung.width_px = request_.width_px;
        rung.height_px = request_.height_px;
        rung.frames = request_.frames;
        rung.steps = request_.steps;
        rung.memory = request_.memory;
        return rung;
    }

  private:
    const I2VGenModel& model_;
    I2VGenRequest request_;
    std::uint64_t free_bytes_;
    Pace pace_;
    CostMemory& costs_;
};

/// From low-memory mode, which costs only time, to the smallest clip that is worth a look.
std::vector<Change> changes_for(int frames) {
    const int fewer = frames > 16 ? 16 : std::min(frames, kFewestFrames);
    const int fewest = std::min(frames, kFewestFrames);
    return {{1, frames}, {1, fewer}, {0.75, frames}, {0.75, fewer}, {0.5, fewer}, {0.5, fewest}, {0, fewest}};
}

bool same_clip(const Rung& a, const Rung& b) {
    return a.width_px == b.width_px && a.height_px == b.height_px && a.frames == b.frames &&
           a.memory == b.memory;
}

}  // namespace

const Rung* Fit::first_fitting() const {
    if (wanted.fits) return &wanted;
    const auto found = std::find_if(ladder.begin(), ladder.end(), [](const Rung& rung) { return rung.fits; });
    return found == ladder.end() ? nullptr : &*found;
}

Fit fit_of(const weights::ModelFolder& folder, const I2VGenRequest& request, std::uint64_t free_bytes,
           const Pace& pace) {
    CostMemory costs;
    return fit_of(folder, request, free_bytes, pace, costs);
}

Fit fit_of(const weights::ModelFolder& folder, const I2VGenRequest& request, std::uint64_t free_bytes,
           const Pace& pace, CostMemory& costs) {
    const I2VGenModel model = read_model(folder);
    const Surveyor surveyor(model, request, free_bytes, pace, costs);
    Fit fit;
    fit.free_bytes = free_bytes;
    fit.wanted = surveyor.measured(surveyor.as_asked());
    Rung fewer_steps = surveyor.as_asked();
    fewer_steps.steps = std::max(1, request.steps / 2);
    fit.fewer_steps = surveyor.measured(fewer_steps);
    if (fit.wanted.fits) return fit;

    for (const Change& change : changes_for(request.frames)) {
        Rung rung = surveyor.as_asked();
        rung.memory = Memory::low;
        rung.frames = change.frames;
        const image::Size size = scaled_size(request, change.scale);
        rung.width_px = size.width_px;
        rung.height_px = size.height_px;
        const auto is_it = [&](const Rung& other) { return same_clip(rung, other); };
        if (is_it(fit.wanted) || std::any_of(fit.ladder.begin(), fit.ladder.end(), is_it)) continue;
        fit.ladder.push_back(surveyor.measured(rung));
        if (fit.ladder.back().fits) break;
    }
    return fit;
}

void climb(const Rung& rung, I2VGenRequest& request) {
    request.width_px = rung.width_px;
    request.height_px = rung.height_px;
    request.frames = rung.frames;
    request.steps = rung.steps;
    request.memory = rung.memory;
}

}  // namespace stillreel::diffusion
