// How much noise there is at each training timestep, and at which of them a sampler stops: the part that all
// schedulers of a model share. Follows diffusers' scheduler_config.json and its arithmetic (float32 tables
// made from float64 betas, as the reference makes them).
#pragma once

#include <string_view>
#include <vector>

namespace stillreel::diffusion {

enum class SamplerKind { ddim, dpmpp_2m, unipc, euler };
/// "ddim", "dpmpp-2m", "unipc", "euler".
std::string_view name_of(SamplerKind kind);
/// Throws invalid_argument with the list of names.
SamplerKind parse_sampler(std::string_view name);

enum class BetaSchedule { linear, scaled_linear, squaredcos_cap_v2 };
enum class Prediction { epsilon, sample, v_prediction };
enum class TimestepSpacing { leading, linspace, trailing };
enum class FinalSigma { zero, sigma_min };

struct ScheduleConfig {
    int train_timesteps = 1000;
    BetaSchedule beta_schedule = BetaSchedule::linear;
    double beta_start = 0.0001;
    double beta_end = 0.02;
    std::vector<float> trained_betas;  // overrides the three above when not empty
    bool zero_terminal_snr = false;    // "rescale_betas_zero_snr" (Lin et al. 2023)
    Prediction prediction = Prediction::epsilon;
    TimestepSpacing spacing = TimestepSpacing::leading;
    int steps_offset = 0;
    // ddim
    bool alpha_of_end_is_one = true;  // "set_alpha_to_one"
    bool clip_sample = true;
    double clip_range = 1.0;
    // the sigma samplers
    bool karras_sigmas = false;
    FinalSigma final_sigma = FinalSigma::zero;
    // the multistep samplers
    bool lower_order_final = true;
    bool euler_at_final = false;
};

/// Reads a scheduler_config.json for the sampler `kind`, whatever class wrote it: fields that the class did
/// not have take diffusers' default for `kind`, as its `from_config` does. Throws corrupt_data (not JSON, a
/// field of the wrong type) or unsupported (a feature that we do not have, by name).
ScheduleConfig parse_schedule_config(std::string_view json, SamplerKind kind);

/// Variance added at each training timestep, after the zero-terminal-SNR rescaling.
std::vector<float> betas_of(const ScheduleConfig& config);

/// Signal left at each training timestep: the running product of 1 - beta.
std::vector<float> alphas_cumprod_of(const ScheduleConfig& config);

/// The training timesteps of a run of `steps` steps, from noisy to clean, before any Karras spacing; `kind`
/// matters because the multistep samplers divide the range into steps + 1 parts. Throws invalid_argument when
/// steps is not in 1 ... train_timesteps.
std::vector<double> timesteps_of(const ScheduleConfig& config, SamplerKind kind, int steps);

}  // namespace stillreel::diffusion
