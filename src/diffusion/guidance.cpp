#include "diffusion/guidance.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/check.h"

namespace stillreel::diffusion {
namespace {

double deviation_of(std::span<const float> numbers) {
    double sum = 0, squares = 0;
    for (const float x : numbers) sum += x;
    const double mean = sum / static_cast<double>(numbers.size());
    for (const float x : numbers) squares += (x - mean) * (x - mean);
    return std::sqrt(squares / static_cast<double>(numbers.size()));
}

}  // namespace

std::vector<float> guided(const GuidedPair& pair, double scale, double rescale) {
    STILLREEL_CHECK_EQ(pair.negative.size(), pair.positive.size());
    std::vector<float> result(pair.positive.size());
    const auto factor = static_cast<float>(scale);
    for (std::size_t i = 0; i < result.size(); ++i)
        result[i] = pair.negative[i] + factor * (pair.positive[i] - pair.negative[i]);
    if (rescale == 0) return result;

    const double deviation = deviation_of(result);
    if (deviation == 0) return result;
    const double ratio = deviation_of(pair.positive) / deviation;
    const auto keep = static_cast<float>(rescale * ratio + (1 - rescale));
    for (float& x : result) x *= keep;
    return result;
}

std::vector<float> difference_of(const GuidedPair& pair) {
    return negative_from(pair.positive, pair.negative);
}

std::vector<float> negative_from(std::span<const float> positive, std::span<const float> difference) {
    STILLREEL_CHECK_EQ(positive.size(), difference.size());
    std::vector<float> result(positive.size());
    std::transform(positive.begin(), positive.end(), difference.begin(), result.begin(), std::minus<>());
    return result;
}

}  // namespace stillreel::diffusion
