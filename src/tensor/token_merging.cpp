#include "tensor/token_merging.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace stillreel::tensor {
namespace {

constexpr std::int64_t kSide = 2;  // of a square

}  // namespace

std::int64_t count_destinations(std::int64_t height, std::int64_t width) {
    return (height / kSide) * (width / kSide);
}

std::vector<std::int64_t> destinations_of(std::int64_t height, std::int64_t width) {
    std::vector<std::int64_t> tokens;
    tokens.reserve(static_cast<std::size_t>(count_destinations(height, width)));
    for (std::int64_t y = 0; y < height / kSide; ++y)
        for (std::int64_t x = 0; x < width / kSide; ++x) {
            const auto place = static_cast<std::int64_t>(
                hash_bits(static_cast<std::uint64_t>(y), static_cast<std::uint64_t>(x)) % (kSide * kSide));
            tokens.push_back((y * kSide + place / kSide) * width + x * kSide + place % kSide);
        }
    return tokens;
}

std::vector<std::int64_t> sources_of(std::int64_t height, std::int64_t width) {
    std::vector<bool> is_destination(static_cast<std::size_t>(height * width));
    for (const std::int64_t token : destinations_of(height, width))
        is_destination[static_cast<std::size_t>(token)] = true;
    std::vector<std::int64_t> tokens;
    for (std::int64_t token = 0; token < height * width; ++token)
        if (!is_destination[static_cast<std::size_t>(token)]) tokens.push_back(token);
    return tokens;
}

std::int64_t count_merged(std::int64_t height, std::int64_t width, double share) {
    const std::int64_t tokens = height * width, destinations = count_destinations(height, width);
    if (destinations == 0) return 0;
    const auto wanted = static_cast<std::int64_t>(std::floor(share * static_cast<double>(tokens)));
    return std::clamp<std::int64_t>(wanted, 0, tokens - destinations);
}

}  // namespace stillreel::tensor
