// Random numbers that are the same on every machine: std:: distributions are not, so we bring our own.
#pragma once

#include <cstdint>

namespace stillreel {

/// A well mixed 64-bit hash of up to three words (SplitMix64's finaliser, Steele et al. 2014): noise that needs no
/// state, so that a frame or a particle can be computed without its predecessors.
std::uint64_t hash_bits(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0);

/// Uniform in [0, 1) from the hash of the same words.
float hash_unit(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0);

/// A sequence of numbers from a seed; equal seeds give equal sequences.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t bits();
    /// Uniform in [0, 1).
    float unit();
    /// Uniform in [low, high).
    float between(float low, float high) { return low + (high - low) * unit(); }

  private:
    std::uint64_t state_;
};

/// A seed that no earlier run had, from the operating system.
std::uint64_t fresh_seed();

}  // namespace stillreel
