// What there is to do, in the parts that machines are differently fast at, and how long that takes: what
// estimates, progress bars and predictions weigh work by.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tensor/ops.h"

namespace stillreel::diffusion {

/// Products by the precision of their weights, and what lies between them.
enum class WorkKind { product_f32, product_bf16, product_int8, attention, frame_attention, norm, rest };
inline constexpr std::size_t kWorkKinds = 7;
WorkKind kind_of(const tensor::OpRecord& record);

struct Work {
    struct Amount {
        double flops = 0;
        double bytes = 0;  // read and written once each, weights included
    };
    std::array<Amount, kWorkKinds> parts{};

    Amount& part(WorkKind kind) { return parts[static_cast<std::size_t>(kind)]; }
    const Amount& part(WorkKind kind) const { return parts[static_cast<std::size_t>(kind)]; }
    void add(const tensor::OpRecord& record);
    Work& operator+=(const Work& other);
    Work times(double factor) const;
    double flops() const;
};

/// What a machine can do at best.
struct MachineSpeed {
    double f32_flops_per_second = 0;  // of one large product
    double bf16_flops_per_second = 0;
    double int8_flops_per_second = 0;
    double bytes_per_second = 0;  // of a large copy, read and written

    /// A machine whose other speeds are to the one of its products of floats as is usual.
    static MachineSpeed usual(double f32_flops_per_second);
};

/// Of a processor with eight cores or so.
inline constexpr double kUsualFlopsPerSecond = 1e12;

/// How long work takes. Linear: the sum over parts is that of the whole.
class Pace {
  public:
    /// What was measured on the machines that we know, in shares of their best speeds.
    explicit Pace(const MachineSpeed& speed);

    double seconds(const tensor::OpRecord& record) const;
    double seconds(const Work& work) const;
    double seconds(WorkKind kind, const Work& work) const;
    /// To read and pack weights that take so much room on disk, when the disk's pages are in memory.
    double seconds_to_load(std::uint64_t stored_bytes) const;

    /// Makes `work` of this kind take so long, and all other work of it in proportion.
    void calibrate(WorkKind kind, const Work& work, double seconds);

  private:
    struct Rate {
        double seconds_per_flop = 0;
        double seconds_per_byte = 0;
    };
    std::array<Rate, kWorkKinds> rates_{};
    double seconds_per_stored_byte_ = 0;
};

}  // namespace stillreel::diffusion
