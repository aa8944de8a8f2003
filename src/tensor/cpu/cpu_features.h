// Instructions that Highway 1.0.3 has no target for.
#pragma once

namespace stillreel::tensor {

/// VNNI for registers of AVX2.
bool has_avx_vnni();
/// AVX512-BF16.
bool has_avx512_bf16();

}  // namespace stillreel::tensor
