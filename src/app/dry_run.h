// What `generate --dry-run` prints instead of making a clip.
#pragma once

#include <string>
#include <vector>

#include "app/console.h"
#include "studio/generate.h"

namespace stillreel::app {

void print_dry_run(const std::string& picture, const studio::ClipRequest& request,
                   const studio::ClipPlan& plan, const std::vector<std::string>& notes, Voice voice);

}  // namespace stillreel::app
