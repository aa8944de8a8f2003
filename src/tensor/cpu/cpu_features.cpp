#include "tensor/cpu/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace stillreel::tensor {
namespace {

/// Bits of leaf 7, subleaf 1, register EAX; 0 on other processors.
unsigned extended_features() {
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) return a;
#endif
    return 0;
}

}  // namespace

bool has_avx_vnni() {
    static const bool has = extended_features() & 1u << 4;
    return has;
}

bool has_avx512_bf16() {
    static const bool has = extended_features() & 1u << 5;
    return has;
}

}  // namespace stillreel::tensor
