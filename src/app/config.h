// config.toml: a user's own defaults.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "studio/clip_spec.h"

namespace stillreel::app {

struct Config {
    std::filesystem::path path;  // where it lies or would lie
    bool found = false;
    studio::ClipSpec spec;  // defaults of every clip
    std::optional<int> threads;
    std::optional<std::string> outputs;
    bool keep_partial = false;
    bool resume = true;
    bool packed_cache = false;
};

/// $STILLREEL_CONFIG, else $XDG_CONFIG_HOME/stillreel/config.toml, else ~/.config/stillreel/config.toml.
std::filesystem::path config_path();

/// Reads it; a missing one is an empty one, unless $STILLREEL_CONFIG names it. Throws invalid_argument naming
/// file and line: not TOML, an unknown key, a value of the wrong type or out of range.
Config load_config();

}  // namespace stillreel::app
