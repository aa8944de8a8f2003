// Where weights come from: files, random numbers, shapes.
#include "weights/weight_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "support/scratch.h"
#include "support/throws.h"
#include "weights/safetensors_writer.h"

namespace stillreel::weights {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::WeightData;
using testing::ScratchFolder;

std::vector<float> floats_of(const WeightData& weight) {
    std::vector<float> numbers(static_cast<std::size_t>(weight.shape.elements()));
    tensor::read_floats(weight, 0, numbers);
    return numbers;
}

std::vector<float> drawn(WeightSource& source, const std::string& name, const Shape& shape) {
    const auto weight = source.find(name, shape);
    std::vector<float> numbers = floats_of(*weight);
    source.release(name);
    return numbers;
}

double mean_of(const std::vector<float>& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

double deviation_of(const std::vector<float>& numbers) {
    const double mean = mean_of(numbers);
    double square = 0;
    for (const float number : numbers) square += (number - mean) * (number - mean);
    return std::sqrt(square / static_cast<double>(numbers.size()));
}

TEST(WeightFile, HoldsWhatWasWritten) {
    const ScratchFolder folder;
    const std::vector<float> numbers{1.5f, -2, 3, 4, 5, 6};
    const WeightData weight{DType::f32, Shape{2, 3}, reinterpret_cast<const std::byte*>(numbers.data())};
    write_safetensors(folder / "a.safetensors", {{"layer.weight", weight}});

    const auto source = open_weight_file(folder / "a.safetensors");
    EXPECT_EQ(source->names(), std::vector<std::string>{"layer.weight"});
    EXPECT_FALSE(source->find("layer.bias", Shape{2}));
    EXPECT_FALSE(source->holds("layer.bias"));
    const auto found = source->find("layer.weight", Shape{3, 2});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->shape, (Shape{2, 3}));
    EXPECT_EQ(floats_of(*found), numbers);
    source->release("layer.weight");
    EXPECT_EQ(floats_of(*source->find("layer.weight", Shape{2, 3})), numbers);
}

TEST(RandomWeights, LookLikeThoseOfAModel) {
    const auto source = random_weights(7);
    const auto matrix = drawn(*source, "a.weight", Shape{200, 300});
    EXPECT_NEAR(mean_of(matrix), 0, 0.001);
    EXPECT_NEAR(deviation_of(matrix), 1 / std::sqrt(300.0), 0.001);
    EXPECT_NEAR(deviation_of(drawn(*source, "c.weight", Shape{64, 32, 3, 3})), 1 / std::sqrt(288.0), 0.001);
    EXPECT_NEAR(mean_of(drawn(*source, "norm.weight", Shape{1000})), 1, 0.02);
    EXPECT_NEAR(mean_of(drawn(*source, "norm.bias", Shape{1000})), 0, 0.01);
}

TEST(RandomWeights, DependOnSeedAndNameAlone) {
    const auto source = random_weights(7);
    const auto first = drawn(*source, "a.weight", Shape{40, 300});
    const auto other_name = drawn(*source, "b.weight", Shape{40, 300});
    EXPECT_EQ(drawn(*source, "a.weight", Shape{40, 300}), first);
    EXPECT_NE(other_name, first);
    EXPECT_EQ(drawn(*random_weights(7), "a.weight", Shape{40, 300}), first);
    EXPECT_NE(drawn(*random_weights(8), "a.weight", Shape{40, 300}), first);
}

TEST(RandomWeights, StayReadableUntilTheLastUserReleasesThem) {
    const auto source = random_weights(7);
    const WeightData first = *source->find("a.weight", Shape{40, 300});
    const WeightData second = *source->find("a.weight", Shape{40, 300, 1, 1});
    const std::vector<float> numbers = floats_of(first);
    source->release("a.weight");
    EXPECT_EQ(floats_of(second), numbers);
    source->release("a.weight");
}

TEST(RandomWeights, InHalvesAreTheSameNumbersRounded) {
    const auto full = drawn(*random_weights(7), "a.weight", Shape{40, 300});
    const auto half = drawn(*random_weights(7, DType::f16), "a.weight", Shape{40, 300});
    for (std::size_t i = 0; i < full.size(); ++i)
        EXPECT_NEAR(half[i], full[i], std::abs(full[i]) / 2048 + 1e-7f) << i;
}

TEST(ShapeWeights, HoldEveryNameWithoutNumbers) {
    const auto source = shape_weights();
    const auto found = source->find("anything", Shape{3, 4});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->shape, (Shape{3, 4}));
    EXPECT_EQ(found->data, nullptr);
}

}  // namespace
}  // namespace stillreel::weights
