// How products store weights, and the SIMD kernels over that layout.
//
// The output columns are cut into panels of 32; a panel is [K][32] floats, dense, where K = taps * inputs and
// row (tap * inputs + channel) holds that input's weight for the 32 columns. Columns beyond the last are
// zeros. With geglu, value panels and gate panels alternate, so that both halves of a result are computed
// one after the other.
//
// Smaller numbers lie as many together as fill a float's 4 bytes: a step of the depth, that one instruction
// multiplies. Whatever the numbers, a step is 4 bytes of an input row and 128 bytes of a panel.
//
// A window over a map that is made twice as large first is four smaller ones over the map itself, one for
// each place that a result has in its square of four, with sums of the weights: each such phase has panels of
// its own. By Winograd's methods a tap is one of the places of the transformed weights.
#pragma once

#include <cstdint>

#include "tensor/backend.h"
#include "tensor/cpu/huge_array.h"
#include "tensor/pack_method.h"

namespace stillreel::tensor {

inline constexpr std::int64_t kPanel = 32;  // columns

/// Inputs, and weights of a column, that a step has of such numbers.
template <class Number>
inline constexpr std::int64_t kStepOf = sizeof(float) / sizeof(Number);

struct Panels : Packed {
    Method method = Method::direct;
    std::int64_t depth = 0;   // K
    std::int64_t steps = 0;   // of the depth; what the last one lacks is zeros
    std::int64_t panels = 0;  // of a phase; even with geglu
    std::int64_t phases = 1;  // 4 with Window::upsampled3x3(): row * 2 + column
    HugeArray bias;           // [panels][32]; zeros without one
};

struct PackedPanels final : Panels {
    using Number = float;
    HugeArray weights;  // [phases][panels][depth][32]

    std::vector<std::span<std::byte>> arrays() override { return {bias.raw(), weights.raw()}; }
};

/// What the sums of a panel begin with.
enum class Begin { zero, sums };

/// Sums of products of 8 bits: (sum - zero point of the row * column's sum) * row's scale * column's scale.
struct Int8Sums {
    const std::int32_t* sums = nullptr;         // [panels][sum_rows][32]
    const float* scales = nullptr;              // [rows]
    const std::int32_t* zero_points = nullptr;  // [rows]
    const float* column_scales = nullptr;       // [panels][32]
    const std::int32_t* column_sums = nullptr;  // [panels][32]
};

/// y[r] = activation(value(r) + bias + per_image) + residual[r] for `rows` rows of neighbouring columns.
struct FinishArgs {
    const float* sums = nullptr;  // [panels][sum_rows][32]; or, when null:
    Int8Sums int8;
    std::int64_t sum_rows = 0;    // of a panel: `rows`, or more when these are only some of them
    const float* bias = nullptr;  // [panels][32]
    Gate gate = Gate::none;       // geglu: value panels and gate panels alternate
    std::int64_t rows = 0;
    std::int64_t columns = 0;          // of y; need not fill the last panel
    std::int64_t first_row = 0;        // of the whole result: decides which per_image vector is added
    std::int64_t rows_per_image = 1;   // rows of the result that share a vector
    const float* per_image = nullptr;  // at the first column, or null
    std::int64_t per_image_stride = 0;
    Activation activation = Activation::none;
    const float* residual = nullptr;  // as y, or null; may be y
    float* y = nullptr;               // [rows][y_stride], at the first column
    std::int64_t y_stride = 0;
};
void finish_panels(const FinishArgs& args);

/// What is fetched while a panel is multiplied, into the second cache.
struct Soon {
    const void* from = nullptr;  // to be read: `bytes` in a row, or null
    std::int64_t bytes = 0;
    const void* then = nullptr;  // the same after it
    std::int64_t then_bytes = 0;
    void* to = nullptr;          // to be written: `rows` of a panel's width, `stride` bytes apart, or null
    const void* also = nullptr;  // to be read, as `to`, or null
    std::int64_t rows = 0, stride = 0;

    /// The places of results that are finished afterwards.
    void will_finish(const FinishArgs& end) {
        to = end.y;
        also = end.residual == end.y ? nullptr : end.residual;
        rows = end.rows;
        stride = end.y_stride * static_cast<std::int64_t>(sizeof(float));
    }
};

/// sums[r] (+)= a[r] * b for `rows` rows of one panel.
template <class Input, class Weight, class Sum>
struct PanelProduct {
    const Input* a = nullptr;  // [rows][a_stride], `steps` steps each
    std::int64_t a_stride = 0;
    const Weight* b = nullptr;  // [steps][32][inputs of a step]
    std::int64_t steps = 0;
    std::int64_t rows = 0;
    Begin begin = Begin::zero;
    Sum* sums = nullptr;  // [rows][32]
    Soon soon;
};

using PanelArgs = PanelProduct<float, float, float>;
/// Every sum adds its products in the order of the depth with fused multiply-add, so that the bits depend
/// neither on the width of the registers nor on how rows and columns are divided.
void multiply_panel(const PanelArgs& args);

}  // namespace stillreel::tensor
