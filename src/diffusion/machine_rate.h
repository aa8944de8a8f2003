// How fast this machine is, and so how long a clip will take.
#pragma once

#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/work.h"
#include "tensor/ops.h"

namespace stillreel::diffusion {

/// What this machine can do on `threads` threads, measured for about half a second with the kernels that the
/// models run on.
MachineSpeed measure_speed(int threads);

/// Operations per second on `ops`, as they are: the best of several large products, for so many seconds.
double product_rate(tensor::Ops& ops, tensor::Precision precision = tensor::Precision::f32,
                    double seconds = 0.5);

/// Bytes per second, read and written, of a copy that no cache holds: the best of several, for a quarter of a
/// second. Needs 256 MiB from the pool.
double copy_rate(tensor::Ops& ops);

/// Seconds that a clip of this cost takes at that pace, but for reading pages of its weights from a disk.
double seconds_of(const I2VGenCost& cost, const Pace& pace);

}  // namespace stillreel::diffusion
