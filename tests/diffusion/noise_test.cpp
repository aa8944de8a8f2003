#include "diffusion/noise.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/golden.h"
#include "support/throws.h"

namespace stillreel::diffusion {
namespace {

using testing::Golden;
using testing::golden_cases;
using testing::load_golden;

std::size_t count_of(const nlohmann::json& shape) {
    std::size_t count = 1;
    for (const std::size_t side : shape) count *= side;
    return count;
}

std::string joined(const nlohmann::json& shape) {
    std::string text;
    for (const int side : shape) text += (text.empty() ? "" : "x") + std::to_string(side);
    return text;
}

class Noise : public ::testing::Test {
  protected:
    const std::vector<std::filesystem::path> cases_ = golden_cases("randn-cpu");
    void SetUp() override { ASSERT_FALSE(cases_.empty()); }
};

TEST_F(Noise, NormalsOfEverySeedAndShapeAreTheReferences) {
    for (const auto& path : cases_) {
        const Golden golden = load_golden(path);
        for (const std::uint64_t seed : golden.about["params"]["seeds"])
            for (const auto& shape : golden.about["params"]["shapes"]) {
                TorchGenerator generator(seed);
                std::vector<float> values(count_of(shape));
                generator.randn(values);
                golden.expect_equal("out.seed" + std::to_string(seed) + "." + joined(shape), values);
            }
    }
}

TEST_F(Noise, DrawsFromOneGeneratorFollowEachOther) {
    for (const auto& path : cases_) {
        const Golden golden = load_golden(path);
        const auto& sequences = golden.about["params"]["sequences"];
        for (std::size_t s = 0; s < sequences.size(); ++s) {
            TorchGenerator generator(sequences[s][0].get<std::uint64_t>());
            for (std::size_t k = 0; k < sequences[s][1].size(); ++k) {
                std::vector<float> values(count_of(sequences[s][1][k]));
                generator.randn(values);
                golden.expect_equal("out.seq" + std::to_string(s) + "." + std::to_string(k), values);
            }
        }
    }
}

TEST_F(Noise, OtherTypesDrawAsTheReferenceDoes) {
    int compared = 0;
    for (const auto& path : cases_) {
        const Golden golden = load_golden(path);
        // The cases do not state this seed; each set has its own.
        const bool compact = path.string().find("tests/goldens") != std::string::npos;
        for (const auto& [name, tensor] : golden.tensors) {
            TorchGenerator generator(compact ? 7 : 42);
            if (name.starts_with("out.float64.")) {
                std::vector<double> values(tensor.values.size());
                generator.randn(values);
                golden.expect_equal(name, values);
                ++compared;
            } else if (name.starts_with("out.float16.") || name.starts_with("out.bfloat16.")) {
                std::vector<float> values(tensor.values.size());
                generator.randn_half(values);
                golden.expect_equal(name, values);
                ++compared;
            }
        }
    }
    EXPECT_GE(compared, 3);
}

TEST_F(Noise, UniformsAndWholeNumbersAreEqualBitForBit) {
    for (const auto& path : cases_) {
        const Golden golden = load_golden(path);
        for (const auto& [name, tensor] : golden.tensors) {
            TorchGenerator generator(std::strtoull(name.c_str() + name.rfind("seed") + 4, nullptr, 10));
            if (name.starts_with("out.rand.")) {
                std::vector<float> uniforms(tensor.values.size());
                generator.rand(uniforms);
                golden.expect_equal(name, uniforms);
            } else if (name.starts_with("out.randint.")) {
                std::vector<std::int64_t> whole(tensor.values.size());
                generator.randint((1u << 31) - 1, whole);
                golden.expect_equal(name, std::vector<double>(whole.begin(), whole.end()));
            }
        }
    }
}

TEST(NoiseState, ARestoredGeneratorContinuesWithTheCachedHalfOfAPair) {
    TorchGenerator generator(7);
    std::vector<float> first(3);
    generator.randn(first);
    TorchGenerator restored(0);
    restored.restore(generator.state());
    std::vector<float> expected(20), got(20);
    for (std::size_t n : {1, 5, 20}) {
        generator.randn(std::span(expected).first(n));
        restored.randn(std::span(got).first(n));
        EXPECT_EQ(got, expected);
    }
}

TEST(NoiseState, DamagedStateIsRefused) {
    TorchGenerator generator(7);
    EXPECT_ERROR(generator.restore("12 words too few"), ErrorCode::corrupt_data, "random generator");
}

}  // namespace
}  // namespace stillreel::diffusion
