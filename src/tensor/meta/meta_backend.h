// The backend that computes nothing: with a meta pool, model code tells its FLOPs, bytes and peak memory.
#pragma once

#include <memory>

#include "tensor/ops.h"

namespace stillreel::tensor {

std::shared_ptr<Backend> meta_backend();

/// Ops over a meta backend and a meta pool.
Ops meta_ops();

}  // namespace stillreel::tensor
