#include "diffusion/work.h"

#include <algorithm>

#include "base/check.h"

namespace stillreel::diffusion {
namespace {

using tensor::OpKind;
using tensor::OpRecord;
using tensor::Precision;

// Shares of the machine's best product and copy that full-size passes reach: a product takes the time of its
// arithmetic and, on top, of its memory; the others that of what they are limited by.
constexpr double kAttentionOfProduct = 0.85;
constexpr double kFrameAttentionOfCopy = 0.41;
constexpr double kNormOfCopy = 0.65;
constexpr double kRestOfCopy = 0.5;
// Inputs of fewer bits are made from floats first: read once or twice more, and written.
constexpr double kBf16OfCopy = 0.7;
constexpr double kInt8OfCopy = 0.55;
constexpr double kLoadingOfCopy = 0.03;

// Of the usual machine: AVX-512 with VNNI and BF16.
constexpr double kBf16Times = 2;
constexpr double kInt8Times = 3.6;
constexpr double kFlopsPerByte = 9.5;

WorkKind kind_of_product(Precision precision) {
    switch (precision) {
        case Precision::f32:
            return WorkKind::product_f32;
        case Precision::bf16:
            return WorkKind::product_bf16;
        case Precision::int8:
            return WorkKind::product_int8;
    }
    return WorkKind::product_f32;
}

}  // namespace

WorkKind kind_of(const OpRecord& record) {
    switch (record.kind) {
        case OpKind::linear:
        case OpKind::conv:
        case OpKind::temporal_conv:
            return kind_of_product(record.precision);
        case OpKind::attention:
        case OpKind::matching:
            return WorkKind::attention;
        case OpKind::temporal_attention:
            return WorkKind::frame_attention;
        case OpKind::group_norm:
        case OpKind::layer_norm:
            return WorkKind::norm;
        case OpKind::image:
        case OpKind::elementwise:
        case OpKind::copy:
            return WorkKind::rest;
    }
    return WorkKind::rest;
}

void Work::add(const OpRecord& record) {
    Amount& amount = part(kind_of(record));
    amount.flops += record.flops;
    amount.bytes += record.bytes;
}

Work& Work::operator+=(const Work& other) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        parts[i].flops += other.parts[i].flops;
        parts[i].bytes += other.parts[i].bytes;
    }
    return *this;
}

Work Work::times(double factor) const {
    Work work = *this;
    for (Amount& amount : work.parts) amount = {amount.flops * factor, amount.bytes * factor};
    return work;
}

double Work::flops() const {
    double sum = 0;
    for (const Amount& amount : parts) sum += amount.flops;
    return sum;
}

MachineSpeed MachineSpeed::usual(double f32_flops_per_second) {
    return {f32_flops_per_second, kBf16Times * f32_flops_per_second, kInt8Times * f32_flops_per_second,
            f32_flops_per_second / kFlopsPerByte};
}

Pace::Pace(const MachineSpeed& speed) {
    STILLREEL_CHECK(speed.f32_flops_per_second > 0 && speed.bf16_flops_per_second > 0 &&
                    speed.int8_flops_per_second > 0 && speed.bytes_per_second > 0);
    const double per_flop = 1 / speed.f32_flops_per_second, per_byte = 1 / speed.bytes_per_second;
    const auto rate = [&](WorkKind kind) -> Rate& { return rates_[static_cast<std::size_t>(kind)]; };
    rate(WorkKind::product_f32) = {per_flop, per_byte};
    rate(WorkKind::product_bf16) = {1 / speed.bf16_flops_per_second, per_byte / kBf16OfCopy};
    rate(WorkKind::product_int8) = {1 / speed.int8_flops_per_second, per_byte / kInt8OfCopy};
    rate(WorkKind::attention) = {per_flop / kAttentionOfProduct, 0};
    rate(WorkKind::frame_attention) = {0, per_byte / kFrameAttentionOfCopy};
    rate(WorkKind::norm) = {0, per_byte / kNormOfCopy};
    rate(WorkKind::rest) = {0, per_byte / kRestOfCopy};
    seconds_per_stored_byte_ = per_byte / kLoadingOfCopy;
}

double Pace::seconds(const OpRecord& record) const {
    const Rate& rate = rates_[static_cast<std::size_t>(kind_of(record))];
    return record.flops * rate.seconds_per_flop + record.bytes * rate.seconds_per_byte;
}

double Pace::seconds(WorkKind kind, const Work& work) const {
    const Rate& rate = rates_[static_cast<std::size_t>(kind)];
    const Work::Amount& amount = work.part(kind);
    return amount.flops * rate.seconds_per_flop + amount.bytes * rate.seconds_per_byte;
}

double Pace::seconds(const Work& work) const {
    double sum = 0;
    for (std::size_t kind = 0; kind < kWorkKinds; ++kind) sum += seconds(static_cast<WorkKind>(kind), work);
    return sum;
}

double Pace::seconds_to_load(std::uint64_t stored_bytes) const {
    return seconds_per_stored_byte_ * static_cast<double>(stored_bytes);
}

void Pace::calibrate(WorkKind kind, const Work& work, double measured) {
    const double expected = seconds(kind, work);
    if (expected <= 0 || measured <= 0) return;
    Rate& rate = rates_[static_cast<std::size_t>(kind)];
    rate.seconds_per_flop *= measured / expected;
    rate.seconds_per_byte *= measured / expected;
}

}  // namespace stillreel::diffusion
