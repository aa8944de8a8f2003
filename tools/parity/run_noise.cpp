// Components without weights: noise and schedulers.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cmath>
#include <optional>

#include "base/error.h"
#include "diffusion/noise.h"
#include "diffusion/sampler.h"
#include "runners.h"

namespace stillreel::parity {
namespace {

using diffusion::SamplerKind;
using diffusion::TorchGenerator;
using nlohmann::json;

std::string joined(const json& shape) {
    return fmt::format("{}", fmt::join(shape.get<std::vector<std::int64_t>>(), "x"));
}

std::size_t count_of(const json& shape) {
    std::size_t count = 1;
    for (const std::size_t side : shape) count *= side;
    return count;
}

std::vector<float> normals(TorchGenerator& generator, std::size_t count) {
    std::vector<float> values(count);
    generator.randn(values);
    return values;
}

/// Draws in other types are of a seed that the case does not state. The doubles tell which: 53 bits of a draw
/// have one small seed. Nothing when no seed below 2^16 gives them.
std::optional<std::uint64_t> seed_of_doubles(const GoldenCase& golden) {
    for (const std::string& name : golden.names("out.float64.")) {
        const std::vector<double>& expected = golden.at(name).values;
        std::vector<double> values(expected.size());
        for (std::uint64_t seed = 0; seed < 65536; ++seed) {
            TorchGenerator generator(seed);
            generator.randn(std::span<double>(values));
            bool same = true;
            for (std::size_t i = 0; i < values.size() && same; ++i)
                same = std::abs(values[i] - expected[i]) < 1e-6;
            if (same) return seed;
        }
    }
    return std::nullopt;
}

void check_other_types(const GoldenCase& golden, Results& results) {
    const auto seed = seed_of_doubles(golden);
    if (!seed) return;
    for (const std::string& name : golden.names("out.")) {
        TorchGenerator generator(*seed);
        const std::size_t count = golden.at(name).values.size();
        if (name.starts_with("out.float64.")) {
            std::vector<double> values(count);
            generator.randn(std::span<double>(values));
            results.check(name, values);
        } else if (name.starts_with("out.float16.") || name.starts_with("out.bfloat16.")) {
            std::vector<float> values(count);
            generator.randn_half(values);
            results.check(name, values);
        }
    }
}

void check_uniforms(const GoldenCase& golden, Results& results) {
    for (const std::string& name : golden.names("out.rand")) {
        const std::string digits = name.substr(name.rfind("seed") + 4);
        TorchGenerator generator(std::stoull(digits));
        const std::size_t count = golden.at(name).values.size();
        if (name.starts_with("out.rand.")) {
            std::vector<float> uniforms(count);
            generator.rand(uniforms);
            results.check(name, uniforms);
        } else if (name.starts_with("out.randint.")) {
            std::vector<std::int64_t> whole(count);
            generator.randint((1u << 31) - 1, whole);
            results.check(name, whole);
        }
    }
}

SamplerKind kind_of(const GoldenCase& golden) {
    const std::string name = golden.params.at("scheduler_config").at("_class_name");
    if (name == "DDIMScheduler") return SamplerKind::ddim;
    if (name == "DPMSolverMultistepScheduler") return SamplerKind::dpmpp_2m;
    if (name == "UniPCMultistepScheduler") return SamplerKind::unipc;
    if (name == "EulerDiscreteScheduler") return SamplerKind::euler;
    throw Error(ErrorCode::unsupported, fmt::format("scheduler {} is not one that stillreel has", name));
}

std::string numbered(const char* name, int index) { return fmt::format("{}.{}", name, index); }

/// The model that the long trajectories were made with (params.fake_model).
std::vector<float> fake_model(std::span<const float> input, double timestep) {
    std::vector<float> output(input.size());
    for (std::size_t k = 0; k < input.size(); ++k)
        output[k] = static_cast<float>(0.6 * std::cos(0.004 * timestep) * input[k] +
                                       0.25 * std::sin(0.01 * timestep + 0.5 * input[k]));
    return output;
}

void run_trajectory(const GoldenCase& golden, Results& results, const diffusion::ScheduleConfig& config) {
    const int steps = golden.params.at("num_inference_steps");
    const auto sampler = diffusion::Sampler::create(kind_of(golden), config, steps);
    results.check("out.timesteps", sampler->timesteps());
    results.check("out.init_noise_sigma", std::vector<double>{sampler->initial_sigma()});
    results.check("out.sigmas", sampler->sigmas());
    std::vector<float> sample = golden.at("in.unit_sample").floats();
    for (float& value : sample) value = static_cast<float>(value * sampler->initial_sigma());
    if (golden.has("in.sample")) sample = golden.at("in.sample").floats();
    std::vector<float> clean(sample.size());
    for (int i = 0; i < steps; ++i) {
        std::vector<float> input = sample;
        for (float& value : input) value *= static_cast<float>(sampler->input_scale(i));
        results.check(numbered("out.model_input", i), input);
        const std::string output_name = numbered("in.model_output", i);
        const std::vector<float> output = golden.has(output_name)
                                              ? golden.at(output_name).floats()
                                              : fake_model(input, sampler->timesteps()[i]);
        std::vector<float> noise;
        if (const std::string name = numbered("in.variance_noise", i); golden.has(name))
            noise = golden.at(name).floats();
        sampler->advance(i, output, sample, {golden.params.value("eta", 0.0), noise}, clean);
        results.check(numbered("out.prev_sample", i), sample);
        results.check(numbered("out.pred_original_sample", i), clean);
    }
}

/// "leading.10", or "10" for the config's own spacing.
void check_timesteps(const GoldenCase& golden, Results& results, const std::string& name,
                     diffusion::ScheduleConfig config) {
    const std::string rest = name.substr(std::string("out.timesteps.").size());
    const auto dot = rest.find('.');
    if (dot != std::string::npos) {
        const std::string spacing = rest.substr(0, dot);
        json about = golden.params.at("scheduler_config");
        about["timestep_spacing"] = spacing;
        if (spacing == "leading") about["steps_offset"] = 1;
        config = diffusion::parse_schedule_config(about.dump(), kind_of(golden));
    }
    results.check(name, diffusion::timesteps_of(config, kind_of(golden), std::stoi(rest.substr(dot + 1))));
}

void check_tables(const GoldenCase& golden, Results& results, const diffusion::ScheduleConfig& config) {
    results.check("out.betas", diffusion::betas_of(config));
    const std::vector<float> alphas = diffusion::alphas_cumprod_of(config);
    results.check("out.alphas_cumprod", alphas);
    results.check("out.final_alpha_cumprod",
                  std::vector<float>{config.alpha_of_end_is_one ? 1.0f : alphas[0]});
    diffusion::ScheduleConfig rescaled = config;
    rescaled.zero_terminal_snr = true;
    results.check("out.alphas_cumprod_zero_snr", diffusion::alphas_cumprod_of(rescaled));
    results.check("out.betas_zero_snr", diffusion::betas_of(rescaled));
    for (const std::string& name : golden.names("out.timesteps."))
        check_timesteps(golden, results, name, config);
}

}  // namespace

void run_randn(const GoldenCase& golden, Results& results, int) {
    for (const std::uint64_t seed : golden.params.at("seeds"))
        for (const json& shape : golden.params.at("shapes")) {
            TorchGenerator generator(seed);
            results.check(fmt::format("out.seed{}.{}", seed, joined(shape)),
                          normals(generator, count_of(shape)));
        }
    const json& sequences = golden.params.at("sequences");
    for (std::size_t s = 0; s < sequences.size(); ++s) {
        TorchGenerator generator(sequences[s][0].get<std::uint64_t>());
        for (std::size_t k = 0; k < sequences[s][1].size(); ++k)
            results.check(fmt::format("out.seq{}.{}", s, k),
                          normals(generator, count_of(sequences[s][1][k])));
    }
    check_uniforms(golden, results);
    check_other_types(golden, results);
}

void run_scheduler(const GoldenCase& golden, Results& results, int) {
    const auto config =
        diffusion::parse_schedule_config(golden.params.at("scheduler_config").dump(), kind_of(golden));
    if (golden.params.contains("num_inference_steps"))
        run_trajectory(golden, results, config);
    else
        check_tables(golden, results, config);
}

}  // namespace stillreel::parity
