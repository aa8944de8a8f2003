// The one compiled copy of what nlohmann/json.hpp beside this file declares.
#define STILLREEL_JSON_COMPILED_HERE
#include <nlohmann/json.hpp>

STILLREEL_JSON()
