#include "diffusion/multistep_samplers.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "diffusion/sigma_table.h"

namespace stillreel::diffusion {
namespace {

std::vector<float> clean_sample(Prediction prediction, const Level& level,
                                std::span<const float> model_output, std::span<const float> sample) {
    const CleanFactors factors = clean_factors(prediction, level);
    std::vector<float> clean(sample.size());
    for (std::size_t i = 0; i < sample.size(); ++i)
        clean[i] = static_cast<float>(factors.sample * sample[i] + factors.output * model_output[i]);
    return clean;
}

void copy_out(std::span<const float> from, std::span<float> to) {
    if (!to.empty()) std::copy(from.begin(), from.end(), to.begin());
}

/// Checks the pieces of a checkpoint: as many as expected, of one size, and present only after the first
/// step.
void check_history(int index, const std::vector<std::vector<float>>& history, std::size_t expected) {
    const bool complete = history.size() == expected && (index == 0 || !history.front().empty());
    if (!complete) throw Error(ErrorCode::corrupt_data, "the checkpoint's scheduler history is damaged");
}

}  // namespace

DpmppSampler::DpmppSampler(const ScheduleConfig& config, int steps) : config_(config) {
    SigmaTable table = sigma_table(config, SamplerKind::dpmpp_2m, steps);
    timesteps_ = std::move(table.timesteps);
    sigmas_ = std::move(table.sigmas);
}

bool DpmppSampler::first_order(int index) const {
    const int steps = static_cast<int>(timesteps_.size());
    const bool last = index == steps - 1;
    const bool last_is_first_order = config_.euler_at_final || config_.final_sigma == FinalSigma::zero ||
                                     (config_.lower_order_final && steps < 15);
    return index == 0 || (last && last_is_first_order);
}

void DpmppSampler::advance(int index, std::span<const float> model_output, std::span<float> sample,
                           const StepNoise&, std::span<float> clean) {
    const Level here = level_of(sigmas_[index]);
    const Level next = level_of(sigmas_[index + 1]);
    std::vector<float> picture = clean_sample(config_.prediction, here, model_output, sample);
    copy_out(picture, clean);

    const double h = next.lambda - here.lambda;
    const double keep = next.sigma / here.sigma;
    const double add = -next.alpha * std::expm1(-h);
    double slope = 0;
    if (!first_order(index)) slope = 0.5 * h / (here.lambda - level_of(sigmas_[index - 1]).lambda);
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double now = picture[i];
        const double ahead = slope == 0 ? now : now + slope * (now - previous_[i]);
        sample[i] = static_cast<float>(keep * sample[i] + add * ahead);
    }
    previous_ = std::move(picture);
}

void DpmppSampler::restore(int index, std::vector<std::vector<float>> history) {
    check_history(index, history, 1);
    previous_ = std::move(history[0]);
}

UniPcSampler::UniPcSampler(const ScheduleConfig& config, int steps) : config_(config) {
    SigmaTable table = sigma_table(config, SamplerKind::unipc, steps);
    timesteps_ = std::move(table.timesteps);
    sigmas_ = std::move(table.sigmas);
}

int UniPcSampler::predictor_order(int index) const {
    const int left = static_cast<int>(timesteps_.size()) - index;
    const int highest = config_.lower_order_final ? std::min(2, left) : 2;
    return std::min(highest, index + 1);
}

/// UniC: repeats the step that led to `sample` with what the model said when it got there.
void UniPcSampler::correct(int index, std::span<const float> clean_now, std::span<float> sample) const {
    const Level here = level_of(sigmas_[index]);
    const Level from = level_of(sigmas_[index - 1]);
    const double h = here.lambda - from.lambda;
    const double keep = here.sigma / from.sigma;
    const double b = std::expm1(-h);

    double weight_old = 0, weight_new = 0.5;
    if (predictor_order(index - 1) == 2) {
        // Two conditions of order on the weights of the old and the new difference: [1 1; r 1] w = [c1; c2].
        const double r = (level_of(sigmas_[index - 2]).lambda - from.lambda) / h;
        const double phi2 = b / -h - 1;
        const double c1 = phi2 / b;
        const double c2 = 2 * (phi2 / -h - 0.5) / b;
        weight_old = (c1 - c2) / (1 - r) / r;
        weight_new = (c2 - r * c1) / (1 - r);
    }
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double m0 = previous_[i];
        const double older = weight_old == 0 ? 0 : weight_old * (before_previous_[i] - m0);
        const double change = older + weight_new * (clean_now[i] - m0);
        sample[i] = static_cast<float>(keep * last_sample_[i] - here.alpha * b * (m0 + change));
    }
}

/// UniP: one step ahead from `sample`.
void UniPcSampler::predict(int index, std::span<const float> clean_now, std::span<float> sample) const {
    const Level here = level_of(sigmas_[index]);
    const Level next = level_of(sigmas_[index + 1]);
    const double h = next.lambda - here.lambda;
    const double keep = next.sigma / here.sigma;
    const double b = std::expm1(-h);
    double weight = 0;
    if (predictor_order(index) == 2) weight = 0.5 * h / (level_of(sigmas_[index - 1]).lambda - here.lambda);
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double m0 = clean_now[i];
        const double change = weight == 0 ? 0 : weight * (previous_[i] - m0);
        sample[i] = static_cast<float>(keep * sample[i] - next.alpha * b * (m0 + change));
    }
}

void UniPcSampler::advance(int index, std::span<const float> model_output, std::span<float> sample,
                           const StepNoise&, std::span<float> clean) {
    std::vector<float> picture =
        clean_sample(config_.prediction, level_of(sigmas_[index]), model_output, sample);
    copy_out(picture, clean);
    if (index > 0) correct(index, picture, sample);
    last_sample_.assign(sample.begin(), sample.end());
    predict(index, picture, sample);
    before_previous_ = std::move(previous_);
    previous_ = std::move(picture);
}

void UniPcSampler::restore(int index, std::vector<std::vector<float>> history) {
    check_history(index, history, 3);
    previous_ = std::move(history[0]);
    before_previous_ = std::move(history[1]);
    last_sample_ = std::move(history[2]);
}

}  // namespace stillreel::diffusion
