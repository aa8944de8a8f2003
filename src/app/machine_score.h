// `stillreel bench` without more: what this machine makes of clips, in about a minute.
#pragma once

#include <string>

#include "app/console.h"

namespace stillreel::app {

struct MachineScoreArguments {
    std::string config;  // of random_model_configs()
    int threads = 1;
    Voice voice = Voice::normal;
};

int bench_machine_score(const MachineScoreArguments& arguments);

}  // namespace stillreel::app
