// The backend that computes nothing: with a meta pool, model code tells its FLOPs, bytes and peak memory.
#pragma once

#include <functional>
#include <memory>

#include "tensor/ops.h"

namespace stillreel::tensor {

/// `packs` is told of every weight that is packed; may be empty.
std::shared_ptr<Backend> meta_backend(std::function<void(const PackRequest&)> packs = {});

/// Ops over a meta backend and a meta pool.
Ops meta_ops();

}  // namespace stillreel::tensor
