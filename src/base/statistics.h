// Numbers about numbers.
#pragma once

#include <vector>

namespace stillreel {

/// The middle one in order of size; of an even count the mean of the two middle ones. `values` is not empty.
double median(std::vector<double> values);

}  // namespace stillreel
