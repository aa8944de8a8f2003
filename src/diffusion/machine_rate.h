// How fast this machine is, and so how long a clip will take.
#pragma once

#include "diffusion/i2vgen_pipeline.h"
#include "tensor/ops.h"

namespace stillreel::diffusion {

/// Floating-point operations per second of a large matrix product on `threads` threads, measured for about
/// half a second with the kernels that the models run on.
double measure_flops_per_second(int threads);

/// The same on `ops`, as they are: the best of several large products.
double product_rate(tensor::Ops& ops);

/// Bytes per second, read and written, of a copy that no cache holds: the best of several, for a quarter of a
/// second. Needs 256 MiB from the pool.
double copy_rate(tensor::Ops& ops);

/// Seconds that a clip of this cost takes at that rate. The models reach a share of the rate of one large
/// product; reading the weights is not counted.
double seconds_of(const I2VGenCost& cost, double flops_per_second);

}  // namespace stillreel::diffusion
