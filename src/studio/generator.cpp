#include "studio/generator.h"

#include <fmt/core.h>

#include "base/error.h"
#include "studio/suggest.h"

namespace stillreel::studio {
const Engine& EngineRegistry::find(const std::string& name) const {
    std::vector<std::string> names{"auto"};
    for (const auto& engine : engines_) {
        if (name == "auto" && engine->unavailable().empty()) return *engine;
        if (name == engine->name()) return *engine;
        names.push_back(engine->name());
    }
    throw Error(ErrorCode::invalid_argument,
                fmt::format("engine must be one of {}, not \"{}\"{}", listed(names), name.substr(0, 60),
                            did_you_mean(name, names)));
}

}  // namespace stillreel::studio
