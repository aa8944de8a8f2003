// A component's weights, opened for one case.
#pragma once

#include <memory>
#include <string>

#include "golden_case.h"
#include "nn/pass.h"
#include "weights/weight_scope.h"

namespace stillreel::parity {

struct Component {
    std::string config;  // text of config.json
    std::unique_ptr<weights::WeightSource> source;
    std::unique_ptr<tensor::Ops> ops;  // of the processor's backend
    std::unique_ptr<weights::WeightLoader> loader;

    /// A pass over clips of `frames` frames.
    nn::Pass pass(std::int64_t frames = 1, nn::Tap tap = {}) const {
        return {*ops, frames, {}, std::move(tap)};
    }
};

/// Opens `<model>/<folder>`, with the case's own weights file where it names one.
Component open_component(const GoldenCase& golden, const std::string& folder,
                         const weights::FileHabits& habits, int threads);

}  // namespace stillreel::parity
