// One case of the reference goldens (tests/goldens/README.md): what goes in, what the reference made of it,
// and how far a result may be from that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace stillreel::parity {

/// A tensor of io.safetensors in the reference's own layout. Doubles hold all its types exactly.
struct Numbers {
    tensor::Shape shape;
    std::vector<double> values;

    std::vector<float> floats() const { return {values.begin(), values.end()}; }
    std::vector<std::int64_t> integers() const { return {values.begin(), values.end()}; }
};

struct GoldenCase {
    std::string name;
    std::string component;
    std::filesystem::path model;  // folder of the weights; empty: none
    std::string module;           // the part that was run, "unet.mid_block"; may be empty
    nlohmann::json about;         // case.json as it is
    nlohmann::json params;
    nlohmann::json tolerance;
    std::map<std::string, Numbers> tensors;  // in.*, out.*, alt.*

    bool has(const std::string& tensor) const { return tensors.contains(tensor); }
    /// Throws corrupt_data when the case lacks it.
    const Numbers& at(const std::string& tensor) const;
    /// The names that begin with `prefix`.
    std::vector<std::string> names(const std::string& prefix) const;
};

/// Reads case.json and io.safetensors. Throws not_found, corrupt_data.
GoldenCase load_case(const std::filesystem::path& folder);

/// How a result compares with what the case expects.
struct Comparison {
    std::string tensor;
    double max_error = 0;
    double mean_error = 0;
    double rel_l2 = 0;
    std::string tolerance;  // as the case states it
    bool passed = false;
    std::string reason;  // of a failure
};

/// Compares `got` with tensor "out.*" of the case under the tolerance that the case states for it. A tensor
/// without a tolerance, of another size, or with a number that is not finite fails. `exact_path`: the stage
/// before had equal bytes, so "exact_path_atol" holds where it is given.
enum class Path { any, exact };
Comparison compare(const GoldenCase& golden, const std::string& tensor, std::span<const double> got,
                   Path path = Path::any);

}  // namespace stillreel::parity
