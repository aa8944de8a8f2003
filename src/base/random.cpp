#include "base/random.h"

#include <random>

namespace stillreel {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ull;

std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

float to_unit(std::uint64_t bits) { return static_cast<float>(bits >> 40) * 0x1p-24f; }

}  // namespace

std::uint64_t hash_bits(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    std::uint64_t h = mixed(a + kGolden);
    h = mixed(h ^ (b + kGolden));
    return mixed(h ^ (c + 2 * kGolden));
}

float hash_unit(std::uint64_t a, std::uint64_t b, std::uint64_t c) { return to_unit(hash_bits(a, b, c)); }

std::uint64_t Random::bits() { return mixed(state_ += kGolden); }

float Random::unit() { return to_unit(bits()); }

std::uint64_t fresh_seed() {
    std::random_device device;
    // 32 bits: short enough to read out and type in again.
    return device();
}

}  // namespace stillreel
