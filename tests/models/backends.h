// The backends that every model has to give the reference's numbers on.
#pragma once

#include <string>
#include <vector>

#include "support/reference_backend.h"
#include "tensor/cpu/cpu_backend.h"

namespace stillreel::testing {

struct NamedOps {
    std::string name;
    tensor::Ops ops;
};

inline std::vector<NamedOps> backends() {
    std::vector<NamedOps> all;
    all.push_back({"scalar reference", reference_ops()});
    for (const int threads : {1, 2})
        all.push_back({std::to_string(threads) + " threads",
                       tensor::Ops(tensor::cpu_backend(threads, nullptr),
                                   tensor::Pool::create(tensor::Pool::Kind::memory))});
    return all;
}

}  // namespace stillreel::testing
