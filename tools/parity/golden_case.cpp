#include "golden_case.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "weights/weight_source.h"

namespace stillreel::parity {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxCaseBytes = 64u << 20;

/// Python writes infinities, which JSON does not know; no case needs their value.
json parse(std::string text, const fs::path& file) {
    for (const std::string word : {"-Infinity", "Infinity", "NaN"})
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at))
            text.replace(at, word.size(), "null");
    try {
        return json::parse(text);
    } catch (const json::exception& error) {
        throw Error(ErrorCode::corrupt_data, fmt::format("{} is no JSON: {}", file.string(), error.what()));
    }
}

template <class Stored>
std::vector<double> widened(const tensor::WeightData& data) {
    std::vector<Stored> stored(static_cast<std::size_t>(data.shape.elements()));
    std::memcpy(stored.data(), data.data, stored.size() * sizeof(Stored));
    return {stored.begin(), stored.end()};
}

Numbers numbers_of(const tensor::WeightData& data) {
    switch (data.type) {
        case tensor::DType::i64:
            return {data.shape, widened<std::int64_t>(data)};
        case tensor::DType::u8:
            return {data.shape, widened<std::uint8_t>(data)};
        default:
            break;
    }
    std::vector<float> floats(static_cast<std::size_t>(data.shape.elements()));
    read_floats(data, 0, floats);
    return {data.shape, {floats.begin(), floats.end()}};
}

std::string text_or_nothing(const json& about, const char* field) {
    return about.contains(field) && about[field].is_string() ? about[field].get<std::string>() : "";
}

/// The largest difference that the tolerance allows at a reference value.
double allowed(const json& tolerance, double reference, Path path) {
    if (tolerance.value("exact", false)) return 0;
    const double atol = path == Path::exact && tolerance.contains("exact_path_atol")
                            ? tolerance["exact_path_atol"].get<double>()
                            : tolerance.value("atol", 0.0);
    return atol + tolerance.value("max_diff", 0.0) + tolerance.value("rtol", 0.0) * std::abs(reference);
}

/// The limits of a tolerance, without the remarks on how they were found.
std::string limits_of(const json& tolerance, Path path) {
    std::string text;
    for (const char* limit :
         {"exact", "atol", "exact_path_atol", "rtol", "rel_l2", "max_diff", "min_equal_fraction"}) {
        const bool of_exact_path = std::string_view(limit) == "exact_path_atol";
        if (!tolerance.contains(limit) || (of_exact_path && path == Path::any)) continue;
        if (!text.empty()) text += ", ";
        text += std::string_view(limit) == "exact" ? "exact"
                                                   : fmt::format("{} {}", limit, tolerance[limit].dump());
    }
    return text;
}

struct Errors {
    double excess = 0;  // over what is allowed, at the worst place
    std::size_t place = 0;
    double equal_fraction = 0;
};

Errors measure(const std::vector<double>& expected, std::span<const double> got, const json& tolerance,
               Path path, Comparison& result) {
    Errors errors;
    double sum = 0, square_error = 0, square = 0;
    std::size_t equal = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double error = std::isfinite(got[i]) ? std::abs(got[i] - expected[i]) : INFINITY;
        const double excess = error - allowed(tolerance, expected[i], path);
        if (excess > errors.excess) errors.excess = excess, errors.place = i;
        result.max_error = std::max(result.max_error, error);
        sum += error;
        square_error += error * error;
        square += expected[i] * expected[i];
        equal += error == 0;
    }
    const double count = std::max<double>(1, static_cast<double>(got.size()));
    result.mean_error = sum / count;
    result.rel_l2 = std::sqrt(square_error / std::max(square, 1e-300));
    errors.equal_fraction = static_cast<double>(equal) / count;
    return errors;
}

std::string reason_for(const Errors& errors, const json& tolerance, const Comparison& result,
                       const std::vector<double>& expected, std::span<const double> got) {
    if (errors.excess > 0)
        return fmt::format("element {} is {:.9g}, expected {:.9g}", errors.place, got[errors.place],
                           expected[errors.place]);
    if (tolerance.contains("rel_l2") && !(result.rel_l2 <= tolerance["rel_l2"].get<double>()))
        return fmt::format("relative L2 error {:.3g}", result.rel_l2);
    if (tolerance.contains("min_equal_fraction") &&
        errors.equal_fraction < tolerance["min_equal_fraction"].get<double>())
        return fmt::format("only {:.4f} of the bytes are equal", errors.equal_fraction);
    return "";
}

}  // namespace

const Numbers& GoldenCase::at(const std::string& tensor) const {
    const auto found = tensors.find(tensor);
    if (found == tensors.end())
        throw Error(ErrorCode::corrupt_data, fmt::format("case {}: tensor {} is missing", name, tensor));
    return found->second;
}

std::vector<std::string> GoldenCase::names(const std::string& prefix) const {
    std::vector<std::string> found;
    for (const auto& [tensor, numbers] : tensors)
        if (tensor.starts_with(prefix)) found.push_back(tensor);
    return found;
}

GoldenCase load_case(const fs::path& folder) {
    const json about = parse(read_text_file(folder / "case.json", kMaxCaseBytes), folder / "case.json");
    const fs::path here = fs::absolute(folder).lexically_normal();
    GoldenCase golden;
    golden.about = about;
    golden.name = (here.has_filename() ? here : here.parent_path()).filename().string();
    golden.component = text_or_nothing(about, "component");
    golden.module = text_or_nothing(about, "module");
    golden.params = about.value("params", json::object());
    golden.tolerance = about.value("tolerance", json::object());
    // Named relative to the set's root, two levels above the case.
    const fs::path set = (here.has_filename() ? here : here.parent_path()).parent_path().parent_path();
    if (const std::string model = text_or_nothing(about, "model"); !model.empty()) golden.model = set / model;
    const auto file = weights::open_weight_file(folder / "io.safetensors");
    for (const std::string& name : file->names()) golden.tensors[name] = numbers_of(*file->find(name, {}));
    return golden;
}

Comparison compare(const GoldenCase& golden, const std::string& tensor, std::span<const double> got,
                   Path path) {
    Comparison result;
    result.tensor = tensor;
    const std::vector<double>& expected = golden.at(tensor).values;
    if (!golden.tolerance.contains(tensor)) {
        result.reason = "the case states no tolerance";
        return result;
    }
    const json& tolerance = golden.tolerance[tensor];
    result.tolerance = limits_of(tolerance, path);
    if (got.size() != expected.size()) {
        result.reason = fmt::format("has {} elements, expected {}", got.size(), expected.size());
        return result;
    }
    const Errors errors = measure(expected, got, tolerance, path, result);
    result.reason = reason_for(errors, tolerance, result, expected, got);
    result.passed = result.reason.empty();
    return result;
}

}  // namespace stillreel::parity
