#include "support/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

namespace stillreel::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string bytes_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

template <class Stored>
std::vector<double> widened(const char* begin, std::size_t bytes) {
    std::vector<Stored> stored(bytes / sizeof(Stored));
    std::memcpy(stored.data(), begin, stored.size() * sizeof(Stored));
    return {stored.begin(), stored.end()};
}

std::vector<double> values_of(const std::string& type, const char* begin, std::size_t bytes) {
    if (type == "F32") return widened<float>(begin, bytes);
    if (type == "I64") return widened<std::int64_t>(begin, bytes);
    if (type == "U8") return widened<std::uint8_t>(begin, bytes);
    throw std::runtime_error("a golden holds the unknown type " + type);
}

/// Python writes infinities, which JSON does not know; no case needs their value.
json parsed(std::string text) {
    const std::string infinity = "-Infinity";
    for (auto at = text.find(infinity); at != std::string::npos; at = text.find(infinity))
        text.replace(at, infinity.size(), "null");
    return json::parse(text);
}

/// The largest difference that the tolerance allows at a reference value.
double allowed(const json& tolerance, double reference) {
    if (tolerance.value("exact", false)) return 0;
    return tolerance.value("atol", 0.0) + tolerance.value("max_diff", 0.0) +
           tolerance.value("rtol", 0.0) * std::abs(reference);
}

}  // namespace

void Golden::expect_equal(const std::string& tensor, std::span<const double> got) const {
    ASSERT_TRUE(has(tensor)) << name << " has no " << tensor;
    const std::vector<double>& expected = at(tensor).values;
    ASSERT_EQ(got.size(), expected.size()) << name << " " << tensor;
    const json& tolerance = about.at("tolerance").at(tensor);
    double worst = 0, square_error = 0, square = 0;
    std::size_t place = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double error = std::abs(got[i] - expected[i]);
        const double excess = std::isnan(error) ? INFINITY : error - allowed(tolerance, expected[i]);
        if (excess > worst) worst = excess, place = i;
        square_error += error * error;
        square += expected[i] * expected[i];
    }
    EXPECT_EQ(worst, 0) << name << " " << tensor << "[" << place << "] is " << got[place] << ", expected "
                        << expected[place] << ", tolerance " << tolerance.dump();
    if (tolerance.contains("rel_l2")) {
        EXPECT_LE(std::sqrt(square_error / std::max(square, 1e-300)), tolerance["rel_l2"])
            << name << " " << tensor;
    }
}

void Golden::expect_equal(const std::string& tensor, std::span<const float> got) const {
    expect_equal(tensor, std::vector<double>(got.begin(), got.end()));
}

Golden load_golden(const fs::path& folder) {
    Golden golden{folder.filename().string(), parsed(bytes_of(folder / "case.json")), {}};
    const std::string bytes = bytes_of(folder / "io.safetensors");
    std::uint64_t header_size = 0;
    std::memcpy(&header_size, bytes.data(), sizeof(header_size));
    const char* data = bytes.data() + 8 + header_size;
    const json header = json::parse(bytes.substr(8, header_size));
    for (const auto& [tensor, entry] : header.items()) {
        if (tensor == "__metadata__") continue;
        const std::size_t begin = entry.at("data_offsets")[0], end = entry.at("data_offsets")[1];
        const std::string type = entry.at("dtype");
        golden.tensors[tensor] = {type, entry.at("shape"), values_of(type, data + begin, end - begin)};
    }
    return golden;
}

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
