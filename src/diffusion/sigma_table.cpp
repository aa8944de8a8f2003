#include "diffusion/sigma_table.h"

#include <algorithm>
#include <cmath>

namespace stillreel::diffusion {
namespace {

/// Sigma of every training timestep, increasing.
std::vector<float> training_sigmas(const ScheduleConfig& config) {
    std::vector<float> signal = alphas_cumprod_of(config);
    // With no signal left the first sigma would be infinite; the reference puts float16's smallest number
    // there.
    if (config.zero_terminal_snr) signal.back() = 0x1p-24f;
    for (float& value : signal) value = std::sqrt((1.0f - value) / value);
    return signal;
}

/// Linear interpolation of `table` at a fractional index, held at the ends.
double interpolated(const std::vector<float>& table, double at) {
    const double last = static_cast<double>(table.size() - 1);
    const double clamped = std::clamp(at, 0.0, last);
    const auto low = static_cast<std::size_t>(std::min(std::floor(clamped), last - 1));
    const double part = clamped - static_cast<double>(low);
    return table[low] + part * (static_cast<double>(table[low + 1]) - table[low]);
}

/// The fractional training timestep whose sigma is `sigma`, by interpolation of logarithms.
double timestep_of(double sigma, const std::vector<float>& table) {
    const float wanted = static_cast<float>(std::log(std::max(sigma, 1e-10)));
    std::size_t low = 0;
    for (std::size_t i = 0; i < table.size(); ++i)
        if (wanted >= std::log(table[i])) low = i;
    low = std::min(low, table.size() - 2);
    const double log_low = std::log(table[low]), log_high = std::log(table[low + 1]);
    const double part = std::clamp((log_low - wanted) / (log_low - log_high), 0.0, 1.0);
    return (1 - part) * static_cast<double>(low) + part * static_cast<double>(low + 1);
}

std::vector<double> karras(double high, double low, int steps) {
    constexpr double kRho = 7;
    const double from = std::pow(high, 1 / kRho), to = std::pow(low, 1 / kRho);
    std::vector<double> sigmas(steps);
    for (int i = 0; i < steps; ++i) {
        const double ramp = steps > 1 ? static_cast<double>(i) / (steps - 1) : 0.0;
        sigmas[i] = std::pow(from + ramp * (to - from), kRho);
    }
    return sigmas;
}

/// Karras timesteps as each reference class rounds them.
double rounded_timestep(double timestep, const ScheduleConfig& config, SamplerKind kind) {
    if (kind == SamplerKind::euler) return static_cast<float>(timestep);
    if (kind == SamplerKind::dpmpp_2m && config.beta_schedule == BetaSchedule::squaredcos_cap_v2)
        return std::trunc(timestep);
    return std::nearbyint(timestep);
}

}  // namespace

SigmaTable sigma_table(const ScheduleConfig& config, SamplerKind kind, int steps) {
    SigmaTable out{timesteps_of(config, kind, steps), {}};
    const std::vector<float> training = training_sigmas(config);
    std::vector<double> sigmas;
    for (const double timestep : out.timesteps) sigmas.push_back(interpolated(training, timestep));
    if (config.karras_sigmas) {
        // Euler spaces between the ends of its own run, the multistep samplers between those of the training.
        const bool own = kind == SamplerKind::euler;
        sigmas =
            karras(own ? sigmas.front() : training.back(), own ? sigmas.back() : training.front(), steps);
        for (int i = 0; i < steps; ++i)
            out.timesteps[i] = rounded_timestep(timestep_of(sigmas[i], training), config, kind);
    }
    for (const double sigma : sigmas) out.sigmas.push_back(static_cast<float>(sigma));
    const bool own_end = kind == SamplerKind::unipc && config.karras_sigmas;
    const float smallest = own_end ? out.sigmas.back() : training.front();
    out.sigmas.push_back(config.final_sigma == FinalSigma::zero ? 0.0f : smallest);
    return out;
}

Level level_of(double sigma) {
    const double alpha = 1 / std::sqrt(sigma * sigma + 1);
    return {alpha, sigma * alpha, -std::log(sigma)};
}

CleanFactors clean_factors(Prediction prediction, const Level& level) {
    switch (prediction) {
        case Prediction::epsilon:
            return {1 / level.alpha, -level.sigma / level.alpha};
        case Prediction::sample:
            return {0, 1};
        case Prediction::v_prediction:
            break;
    }
    return {level.alpha, -level.sigma};
}

}  // namespace stillreel::diffusion
