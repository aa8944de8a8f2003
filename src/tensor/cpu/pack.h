// From weights as stored to panels.
#pragma once

#include "base/cancel.h"
#include "base/threads.h"
#include "tensor/cpu/bf16_panels.h"
#include "tensor/cpu/int8_panels.h"
#include "tensor/cpu/panels.h"

namespace stillreel::tensor {

/// Reads the weights in small blocks, straight into the panels. `cancel` may be null. Throws out_of_memory,
/// cancelled.
std::shared_ptr<PackedPanels> pack_panels(const PackRequest& request, ThreadPool& pool,
                                          const CancelFlag* cancel);
/// The same, rounded to bfloat16.
std::shared_ptr<Bf16Panels> pack_bf16_panels(const PackRequest& request, ThreadPool& pool,
                                             const CancelFlag* cancel);
/// The same in whole numbers of 8 bits, an output at a time: its largest weight becomes 127.
std::shared_ptr<Int8Panels> pack_int8_panels(const PackRequest& request, ThreadPool& pool,
                                             const CancelFlag* cancel);

}  // namespace stillreel::tensor
