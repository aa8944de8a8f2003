// Random numbers of PyTorch's CPU generator: the same seed gives the same noise as torch.manual_seed(seed)
// and torch.randn, so that a clip can be compared with the reference's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace stillreel::diffusion {

/// MT19937 with PyTorch's way of making uniforms and normals of its words. Only the low 32 bits of a seed
/// count there, and here. Uniforms are equal bit for bit; normals to a few units in the last place, where the
/// reference itself differs between its scalar and vector builds (measured: 1.8e-6).
class TorchGenerator {
  public:
    explicit TorchGenerator(std::uint64_t seed) : engine_(static_cast<std::uint32_t>(seed)) {}

    /// torch.rand: uniform in [0, 1), 24 bits.
    void rand(std::span<float> out);

    /// torch.randn of a tensor of out.size() elements. The size matters: below 16 elements values are drawn
    /// one by one (and every second one waits for the next draw), from 16 on in blocks.
    void randn(std::span<float> out);
    void randn(std::span<double> out);
    /// float16 and bfloat16 tensors, before their rounding: as float32, but a size that is no multiple of 16
    /// spends fewer words of the generator.
    void randn_half(std::span<float> out);

    /// torch.randint(0, end, ...), 0 < end <= 2^32 - 1.
    void randint(std::uint32_t end, std::span<std::int64_t> out);

    /// The whole state as text, for a checkpoint; restore throws corrupt_data for what state() did not write.
    std::string state() const;
    void restore(std::string_view state);

  private:
    std::uint64_t word64();
    double normal_scalar();
    template <class Value, class Uniform>
    void fill_normals(std::span<Value> out, std::size_t uniforms, Uniform uniform);

    std::mt19937 engine_;
    bool has_cached_normal_ = false;
    double cached_normal_ = 0;
};

}  // namespace stillreel::diffusion
