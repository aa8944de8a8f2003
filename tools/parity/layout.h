// Between the reference's layout, channels first, and ours, channels last.
#pragma once

#include <span>
#include <vector>

#include "golden_case.h"
#include "image/image.h"
#include "tensor/ops.h"

namespace stillreel::parity {

/// [N, C, H, W] -> tensor [N, H, W, C]; [B, C, F, H, W] -> [B * F, H, W, C].
tensor::Tensor images_of(tensor::Ops& ops, const Numbers& numbers);
/// As stored.
tensor::Tensor tensor_of(tensor::Ops& ops, const Numbers& numbers);

/// (H, W, 3) bytes as a picture.
image::Image picture_of(const Numbers& numbers);

/// [N, H, W, C] -> [N, C, H, W].
std::vector<float> channels_first(const tensor::Tensor& images);
/// [B * F, H, W, C] -> [B, C, F, H, W].
std::vector<float> clips_channels_first(const tensor::Tensor& images, std::int64_t frames);

}  // namespace stillreel::parity
