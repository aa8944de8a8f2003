#include "base/statistics.h"

#include <algorithm>

#include "base/check.h"

namespace stillreel {

double median(std::vector<double> values) {
    STILLREEL_CHECK(!values.empty());
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace stillreel
