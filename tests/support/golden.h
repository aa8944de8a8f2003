// The cases of the reference goldens in GoogleTest's terms; stillreel-parity reads and compares them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "parity/golden_case.h"

namespace stillreel::testing {

struct GoldenTensor {
    std::vector<std::int64_t> shape;
    std::vector<double> values;

    std::vector<float> floats() const { return {values.begin(), values.end()}; }
};

struct Golden {
    std::string name;
    nlohmann::json about;  // case.json
    std::map<std::string, GoldenTensor> tensors;
    parity::GoldenCase golden_case;  // what the comparison is made with

    bool has(const std::string& tensor) const { return tensors.contains(tensor); }
    const GoldenTensor& at(const std::string& tensor) const { return tensors.at(tensor); }

    /// Fails the running test unless `got` agrees with tensor `name` within the case's tolerance for it.
    void expect_equal(const std::string& tensor, std::span<const double> got) const;
    void expect_equal(const std::string& tensor, std::span<const float> got) const;
};

Golden load_golden(const std::filesystem::path& folder);

/// The case folders whose name begins with `prefix`: those of the project, and the larger public set where it
/// lies beside the project (../shared/goldens).
std::vector<std::filesystem::path> golden_cases(const std::string& prefix);

}  // namespace stillreel::testing
