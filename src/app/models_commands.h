// The commands of `stillreel models`, one function each (commands.h says how).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/commands.h"

namespace stillreel::app {

Command add_models_list(CLI::App& models);
Command add_models_show(CLI::App& models);
Command add_models_pull(CLI::App& models);
Command add_models_verify(CLI::App& models);
Command add_models_random(CLI::App& models);
Command add_models_quantize(CLI::App& models);
Command add_models_remove(CLI::App& models);
Command add_models_cache(CLI::App& models);

/// The models found, as the array that `models list --json` prints, without folders.
std::string models_json();
std::vector<std::string> model_names();

/// Where packed weights are kept (generate --packed-cache): in the user's cache folder.
std::filesystem::path packed_folder();

/// The engine that a pipeline class serves, or "none".
const char* engine_of(const std::string& pipeline_class);

}  // namespace stillreel::app
