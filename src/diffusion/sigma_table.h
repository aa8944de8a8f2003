// Noise levels for the samplers that think in sigma, the noise's standard deviation over the signal's.
#pragma once

#include <vector>

#include "diffusion/noise_schedule.h"

namespace stillreel::diffusion {

struct SigmaTable {
    std::vector<double> timesteps;  // one a step
    std::vector<float> sigmas;      // one more: the last is where the run ends
};

/// The table of a run, with Karras spacing (Karras et al. 2022, rho 7) when the config asks for it.
/// Throws invalid_argument when steps is out of range.
SigmaTable sigma_table(const ScheduleConfig& config, SamplerKind kind, int steps);

/// A noise level as scales of signal and noise with alpha^2 + sigma^2 = 1, and half the log of their ratio
/// squared. sigma 0 gives lambda = +infinity.
struct Level {
    double alpha;
    double sigma;
    double lambda;
};
Level level_of(double sigma);

/// The clean sample that a model output means at a noise level: factors on sample and output.
struct CleanFactors {
    double sample;
    double output;
};
CleanFactors clean_factors(Prediction prediction, const Level& level);

}  // namespace stillreel::diffusion
