// The backends that every model has to give the reference's numbers on.
#pragma once

#include <string>
#include <vector>

#include "support/reference_backend.h"

namespace stillreel::testing {

struct NamedOps {
    std::string name;
    tensor::Ops ops;
};

inline std::vector<NamedOps> backends() {
    std::vector<NamedOps> all;
    all.push_back({"scalar reference", reference_ops()});
    return all;
}

}  // namespace stillreel::testing
