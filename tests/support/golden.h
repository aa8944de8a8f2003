// The cases of the reference goldens in GoogleTest's terms; stillreel-parity reads and compares them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "parity/golden_case.h"

namespace stillreel::testing {

struct Golden : parity::GoldenCase {
    /// Fails the running test unless `got` agrees with tensor `name` within the case's tolerance for it.
    void expect_equal(const std::string& tensor, std::span<const double> got) const;
    void expect_equal(const std::string& tensor, std::span<const float> got) const;
};

Golden load_golden(const std::filesystem::path& folder);

/// The case folders whose name begins with `prefix`: those of the project, and the larger public set where it
/// lies beside the project (../shared/goldens).
std::vector<std::filesystem::path> golden_cases(const std::string& prefix);

}  // namespace stillreel::testing
