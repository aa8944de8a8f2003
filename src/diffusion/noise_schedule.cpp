#include "diffusion/noise_schedule.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>

#include "base/error.h"

namespace stillreel::diffusion {
namespace {

using nlohmann::json;

const std::map<std::string_view, SamplerKind> kSamplers = {{"ddim", SamplerKind::ddim},
                                                           {"dpmpp-2m", SamplerKind::dpmpp_2m},
                                                           {"euler", SamplerKind::euler},
                                                           {"unipc", SamplerKind::unipc}};
const std::map<std::string_view, BetaSchedule> kBetaSchedules = {
    {"linear", BetaSchedule::linear},
    {"scaled_linear", BetaSchedule::scaled_linear},
    {"squaredcos_cap_v2", BetaSchedule::squaredcos_cap_v2}};
const std::map<std::string_view, Prediction> kPredictions = {{"epsilon", Prediction::epsilon},
                                                             {"sample", Prediction::sample},
                                                             {"v_prediction", Prediction::v_prediction}};
const std::map<std::string_view, TimestepSpacing> kSpacings = {{"leading", TimestepSpacing::leading},
                                                               {"linspace", TimestepSpacing::linspace},
                                                               {"trailing", TimestepSpacing::trailing}};
const std::map<std::string_view, FinalSigma> kFinalSigmas = {{"zero", FinalSigma::zero},
                                                             {"sigma_min", FinalSigma::sigma_min}};

[[noreturn]] void throw_unsupported(std::string_view field, const json& value) {
    throw Error(ErrorCode::unsupported,
                fmt::format("scheduler_config.json: {} = {} is not supported", field, value.dump()));
}

/// A field of the config, left alone when it is absent or null.
template <class Value>
void read(const json& config, const char* field, Value& into) {
    const auto found = config.find(field);
    if (found == config.end() || found->is_null()) return;
    try {
        into = found->get<Value>();
    } catch (const json::exception&) {
        throw Error(
            ErrorCode::corrupt_data,
            fmt::format("scheduler_config.json: {} has an unexpected value: {}", field, found->dump()));
    }
}

template <class Choice>
void read(const json& config, const char* field, const std::map<std::string_view, Choice>& choices,
          Choice& into) {
    std::string name;
    read(config, field, name);
    if (name.empty()) return;
    const auto found = choices.find(name);
    if (found == choices.end()) throw_unsupported(field, name);
    into = found->second;
}

/// Switches of the reference that change numbers and that we do not have: each must be off.
void refuse_what_we_lack(const json& config, SamplerKind kind) {
    for (const char* field : {"thresholding", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas",
                              "use_flow_sigmas", "use_dynamic_shifting"}) {
        const auto found = config.find(field);
        if (found != config.end() && *found == true) throw_unsupported(field, *found);
    }
    const std::map<std::string, json> expected = {{"solver_order", 2},
                                                  {"algorithm_type", "dpmsolver++"},
                                                  {"predict_x0", true},
                                                  {"timestep_type", "discrete"},
                                                  {"interpolation_type", "linear"}};
    for (const auto& [field, value] : expected) {
        const auto found = config.find(field);
        if (found != config.end() && *found != value) throw_unsupported(field, *found);
    }
    // Each class falls back to its own solver when it is handed another's, so only its own variants matter.
    const std::string solver = config.value("solver_type", "");
    if ((kind == SamplerKind::dpmpp_2m && solver == "heun") ||
        (kind == SamplerKind::unipc && solver == "bh1"))
        throw_unsupported("solver_type", solver);
}

/// Betas that put the remaining signal on a cosine (Nichol and Dhariwal 2021).
std::vector<float> cosine_betas(int count) {
    const auto signal = [](double t) {
        const double c = std::cos((t + 0.008) / 1.008 * std::numbers::pi / 2);
        return c * c;
    };
    std::vector<float> betas(count);
    for (int i = 0; i < count; ++i) {
        const double begin = static_cast<double>(i) / count;
        const double end = static_cast<double>(i + 1) / count;
        betas[i] = static_cast<float>(std::min(1 - signal(end) / signal(begin), 0.999));
    }
    return betas;
}

/// torch.linspace in float32: counted from both ends towards the middle, which keeps the last value exact.
std::vector<float> linspace(double first, double last, int count) {
    const float begin = static_cast<float>(first), end = static_cast<float>(last);
    const float step = count > 1 ? (end - begin) / static_cast<float>(count - 1) : 0.0f;
    std::vector<float> values(count);
    for (int i = 0; i < count; ++i)
        values[i] = i < count / 2 ? begin + step * static_cast<float>(i)
                                  : end - step * static_cast<float>(count - 1 - i);
    return values;
}

std::vector<float> running_signal(const std::vector<float>& betas) {
    std::vector<float> product(betas.size());
    float so_far = 1.0f;
    for (std::size_t i = 0; i < betas.size(); ++i) product[i] = so_far *= 1.0f - betas[i];
    return product;
}

/// Shifts and scales sqrt(alphas_cumprod) so that nothing of the signal is left at the last step (Lin et al.
/// 2023).
std::vector<float> rescaled_to_zero_snr(const std::vector<float>& betas) {
    std::vector<float> root = running_signal(betas);
    for (float& value : root) value = std::sqrt(value);
    const float first = root.front(), last = root.back();
    for (float& value : root) value = (value - last) * (first / (first - last));

    std::vector<float> rescaled(betas.size());
    float before = 1.0f;
    for (std::size_t i = 0; i < betas.size(); ++i) {
        const float signal = root[i] * root[i];
        rescaled[i] = 1.0f - signal / before;
        before = signal;
    }
    return rescaled;
}

/// numpy.linspace(0, last, count), rounded half to even, from high to low.
std::vector<double> spread(int last, int count) {
    std::vector<double> values(count);
    for (int i = 0; i < count; ++i)
        values[count - 1 - i] = count > 1 ? last * (static_cast<double>(i) / (count - 1)) : 0.0;
    return values;
}

std::vector<double> trailing(int train_timesteps, int steps) {
    const double ratio = static_cast<double>(train_timesteps) / steps;
    std::vector<double> values;
    const int count = static_cast<int>(std::ceil(train_timesteps / ratio));
    for (int i = 0; i < count; ++i) values.push_back(std::nearbyint(train_timesteps - i * ratio) - 1);
    return values;
}

std::vector<double> leading(int train_timesteps, int parts, int steps, int offset) {
    const int ratio = train_timesteps / parts;
    std::vector<double> values;
    for (int i = parts - 1; i >= parts - steps; --i) values.push_back(i * ratio + offset);
    return values;
}

}  // namespace

std::string_view name_of(SamplerKind kind) {
    for (const auto& [name, known] : kSamplers)
        if (known == kind) return name;
    return "unknown";
}

SamplerKind parse_sampler(std::string_view name) {
    if (const auto found = kSamplers.find(name); found != kSamplers.end()) return found->second;
    throw Error(ErrorCode::invalid_argument,
                fmt::format("scheduler must be ddim, dpmpp-2m, euler or unipc, not \"{}\"", name));
}

ScheduleConfig parse_schedule_config(std::string_view text, SamplerKind kind) {
    const json config = json::parse(text, nullptr, false);
    if (!config.is_object())
        throw Error(ErrorCode::corrupt_data, "scheduler_config.json is not a JSON object");
    refuse_what_we_lack(config, kind);

    ScheduleConfig out;
    out.spacing = kind == SamplerKind::ddim ? TimestepSpacing::leading : TimestepSpacing::linspace;
    read(config, "num_train_timesteps", out.train_timesteps);
    if (out.train_timesteps < 2 || out.train_timesteps > 1'000'000)
        throw Error(ErrorCode::corrupt_data, "scheduler_config.json: num_train_timesteps is out of range");
    read(config, "beta_schedule", kBetaSchedules, out.beta_schedule);
    read(config, "beta_start", out.beta_start);
    read(config, "beta_end", out.beta_end);
    read(config, "trained_betas", out.trained_betas);
    if (!out.trained_betas.empty()) out.train_timesteps = static_cast<int>(out.trained_betas.size());
    read(config, "rescale_betas_zero_snr", out.zero_terminal_snr);
    read(config, "prediction_type", kPredictions, out.prediction);
    read(config, "timestep_spacing", kSpacings, out.spacing);
    read(config, "steps_offset", out.steps_offset);
    read(config, "set_alpha_to_one", out.alpha_of_end_is_one);
    read(config, "clip_sample", out.clip_sample);
    read(config, "clip_sample_range", out.clip_range);
    read(config, "use_karras_sigmas", out.karras_sigmas);
    read(config, "final_sigmas_type", kFinalSigmas, out.final_sigma);
    read(config, "lower_order_final", out.lower_order_final);
    read(config, "euler_at_final", out.euler_at_final);
    return out;
}

std::vector<float> betas_of(const ScheduleConfig& config) {
    std::vector<float> betas;
    if (!config.trained_betas.empty()) {
        betas = config.trained_betas;
    } else if (config.beta_schedule == BetaSchedule::squaredcos_cap_v2) {
        betas = cosine_betas(config.train_timesteps);
    } else if (config.beta_schedule == BetaSchedule::linear) {
        betas = linspace(config.beta_start, config.beta_end, config.train_timesteps);
    } else {
        betas = linspace(std::sqrt(config.beta_start), std::sqrt(config.beta_end), config.train_timesteps);
        for (float& beta : betas) beta *= beta;
    }
    return config.zero_terminal_snr ? rescaled_to_zero_snr(betas) : betas;
}

std::vector<float> alphas_cumprod_of(const ScheduleConfig& config) {
    return running_signal(betas_of(config));
}

std::vector<double> timesteps_of(const ScheduleConfig& config, SamplerKind kind, int steps) {
    if (steps < 1 || steps > config.train_timesteps)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("steps must be 1 to {}, not {}", config.train_timesteps, steps));
    const bool multistep = kind == SamplerKind::dpmpp_2m || kind == SamplerKind::unipc;
    const int parts = multistep ? steps + 1 : steps;
    switch (config.spacing) {
        case TimestepSpacing::trailing:
            return trailing(config.train_timesteps, steps);
        case TimestepSpacing::leading:
            return leading(config.train_timesteps, parts, steps, config.steps_offset);
        case TimestepSpacing::linspace:
            break;
    }
    std::vector<double> values = spread(config.train_timesteps - 1, parts);
    // Euler keeps fractions, in float32.
    for (double& value : values)
        value = kind == SamplerKind::euler ? static_cast<float>(value) : std::nearbyint(value);
    values.resize(steps);
    return values;
}

}  // namespace stillreel::diffusion
