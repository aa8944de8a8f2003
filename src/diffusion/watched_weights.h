// Weights whose loading can be stopped and followed: reading a large tower takes longer than a user who
// cancels waits, and seconds in which a bar should move.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/cancel.h"
#include "weights/weight_source.h"

namespace stillreel::diffusion {

/// The same source, looking at the flag before every tensor: find then throws cancelled. `used` is told the
/// stored bytes of every tensor when it is first found. `cancel` may be null, else it must outlive the
/// result; `used` may be empty.
std::unique_ptr<weights::WeightSource> watched(std::unique_ptr<weights::WeightSource> source,
                                               const CancelFlag* cancel,
                                               std::function<void(std::uint64_t stored_bytes)> used = {});

}  // namespace stillreel::diffusion
