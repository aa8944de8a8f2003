#include "studio/presets.h"

#include <fmt/core.h>

#include "base/error.h"
#include "studio/suggest.h"

namespace stillreel::studio {

const std::vector<Preset>& presets() {
    static const std::vector<Preset> all = {
        {"preview", "a quick look", 512, 8, {8, 1}, 30, 9.0},
        {"standard", "for everyday clips", 512, 16, {8, 1}, 50, 9.0},
        {"high", "the longest and largest", 768, 24, {12, 1}, 80, 10.0},
    };
    return all;
}

const Preset& find_preset(std::string_view name) {
    std::vector<std::string> names;
    for (const Preset& preset : presets()) {
        if (preset.name == name) return preset;
        names.emplace_back(preset.name);
    }
    throw Error(ErrorCode::invalid_argument, fmt::format("preset must be one of {}, not \"{}\"{}",
                                                         listed(names), name, did_you_mean(name, names)));
}

}  // namespace stillreel::studio
