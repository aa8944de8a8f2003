#include "tensor/pack_method.h"

#include <algorithm>

namespace stillreel::tensor {
namespace {

constexpr std::int64_t kLeastChannels = 32;
constexpr std::int64_t kFewKernels = 512 * 512, kMostKernels = 1920 * 640;
constexpr std::int64_t kFewTemporalKernels = 640 * 640;

}  // namespace

WinogradTile winograd_tile(Method method) {
    switch (method) {
        case Method::direct:
            return {};
        case Method::winograd_2x2:
            return {2, 2};
        case Method::winograd_4x4:
            return {4, 4};
        case Method::winograd_4x1:
            return {4, 1};
    }
    return {};
}

Method method_of(const PackRequest& request) {
    const bool temporal = request.window == Window::temporal3();
    if (!temporal && request.window != Window::same3x3()) return Method::direct;
    if (request.precision != Precision::f32) return Method::direct;
    if (request.weights.size() != 1 || request.gate != Gate::none) return Method::direct;
    const Shape& shape = request.weights[0].shape;
    const std::int64_t kernels = shape[0] * shape[1];
    if (std::min(shape[0], shape[1]) < kLeastChannels || kernels > kMostKernels) return Method::direct;
    if (temporal) return kernels <= kFewTemporalKernels ? Method::winograd_4x1 : Method::direct;
    return kernels <= kFewKernels ? Method::winograd_4x4 : Method::winograd_2x2;
}

std::int64_t packed_taps(const PackRequest& request) {
    if (const Method method = method_of(request); method != Method::direct)
        return winograd_tile(method).places();
    const std::int64_t upsample = request.window.upsample;
    return request.window.taps() * upsample * upsample;
}

}  // namespace stillreel::tensor
