#include "studio/fit_text.h"

#include <fmt/core.h>

#include "base/amounts.h"

namespace stillreel::studio {
namespace {

std::string needs(const diffusion::Rung& rung) {
    return fmt::format("{} of memory, about {}", bytes_text(rung.cost.peak_bytes),
                       duration_text(rung.seconds));
}

}  // namespace

std::string options_of(const diffusion::Rung& rung, const diffusion::Rung& wanted) {
    std::string options;
    const auto add = [&](const std::string& option) { options += (options.empty() ? "" : " ") + option; };
    if (rung.memory != wanted.memory) add("--low-memory");
    if (rung.width_px != wanted.width_px || rung.height_px != wanted.height_px)
        add(fmt::format("--size {}x{}", rung.width_px, rung.height_px));
    if (rung.frames != wanted.frames) add(fmt::format("--frames {}", rung.frames));
    if (rung.steps != wanted.steps) add(fmt::format("--steps {}", rung.steps));
    return options;
}

std::vector<std::string> ladder_lines(const diffusion::Fit& fit) {
    std::vector<std::string> lines;
    for (const diffusion::Rung& rung : fit.ladder)
        lines.push_back(fmt::format("{}: {}, {}", options_of(rung, fit.wanted), needs(rung),
                                    rung.fits ? "fits" : "does not fit either"));
    lines.push_back(fmt::format("{}: about {}, saves time but no memory",
                                options_of(fit.fewer_steps, fit.wanted),
                                duration_text(fit.fewer_steps.seconds)));
    return lines;
}

std::string shortage(const diffusion::Fit& fit) {
    return fmt::format("this clip needs {} and {} are free", needs(fit.wanted), bytes_text(fit.free_bytes));
}

std::string refusal(const diffusion::Fit& fit) {
    std::string text =
        shortage(fit) + (fit.first_fitting() ? "; smaller ones (--auto-fit takes the first that fits)"
                                             : "; nothing smaller that we know fits: close other programs");
    for (const std::string& line : ladder_lines(fit)) text += "; " + line;
    return text;
}

void pin(ClipSpec& spec, const diffusion::Rung& rung) {
    spec.size.reset();
    spec.aspect.reset();
    spec.width = rung.width_px;
    spec.height = rung.height_px;
    spec.duration.reset();
    spec.frames = rung.frames;
    spec.low_memory = rung.memory == diffusion::Memory::low;
    spec.auto_fit = false;
}

}  // namespace stillreel::studio
