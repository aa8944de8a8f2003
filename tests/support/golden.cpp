#include "support/golden.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace stillreel::testing {

namespace fs = std::filesystem;

void Golden::expect_equal(const std::string& tensor, std::span<const double> got) const {
    ASSERT_TRUE(has(tensor)) << name << " has no " << tensor;
    const parity::Comparison result = parity::compare(*this, tensor, got);
    EXPECT_TRUE(result.passed) << name << " " << tensor << ": " << result.reason << "; largest error "
                               << result.max_error << ", allowed: " << result.tolerance;
}

void Golden::expect_equal(const std::string& tensor, std::span<const float> got) const {
    expect_equal(tensor, std::vector<double>(got.begin(), got.end()));
}

Golden load_golden(const fs::path& folder) { return {parity::load_case(folder)}; }

std::vector<fs::path> golden_cases(const std::string& prefix) {
    const fs::path source = STILLREEL_SOURCE_DIR;
    std::vector<fs::path> found;
    for (const fs::path& set : {source / "tests/goldens/cases", source / "../shared/goldens/cases"}) {
        if (!fs::is_directory(set)) continue;
        for (const auto& entry : fs::directory_iterator(set))
            if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace stillreel::testing
