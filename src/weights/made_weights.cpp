// Weights without files: random numbers, and shapes alone.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "weights/weight_source.h"

namespace stillreel::weights {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::WeightData;

/// What the numbers of a tensor look like: uniform in mean -+ reach.
struct Look {
    float mean;
    float reach;
};

Look look_of(const std::string& name, const Shape& shape) {
    if (shape.rank() >= 2) {
        std::int64_t fan_in = 1;
        for (const std::int64_t dim : shape.dims().subspan(1)) fan_in *= dim;
        // A uniform distribution of reach r has the standard deviation r / sqrt(3).
        return {0, std::sqrt(3.0f / static_cast<float>(std::max<std::int64_t>(1, fan_in)))};
    }
    const bool gamma = name.ends_with("weight");
    return gamma ? Look{1, 0.1f} : Look{0, 0.02f};
}

std::uint64_t key_of(std::uint64_t seed, const std::string& name) {
    std::uint64_t key = hash_bits(seed);
    for (const char c : name) key = hash_bits(key, static_cast<unsigned char>(c));
    return key;
}

/// Four numbers from every 64 random bits: 16 are plenty for a stand-in, and a billion numbers take a second.
void draw(Random& random, Look look, std::span<float> numbers) {
    const float scale = look.reach * 0x1p-15f;
    const float low = look.mean - look.reach + scale / 2;
    const auto number = [&](std::uint64_t bits) { return low + scale * static_cast<float>(bits & 0xffff); };
    std::size_t i = 0;
    for (; i + 4 <= numbers.size(); i += 4) {
        const std::uint64_t bits = random.bits();
        for (std::size_t k = 0; k < 4; ++k) numbers[i + k] = number(bits >> (16 * k));
    }
    for (std::uint64_t bits = random.bits(); i < numbers.size(); ++i, bits >>= 16) numbers[i] = number(bits);
}

class RandomWeights final : public WeightSource {
  public:
    RandomWeights(std::uint64_t seed, DType type) : seed_(seed), type_(type) {
        STILLREEL_CHECK(type == DType::f32 || type == DType::f16 || type == DType::bf16);
    }

    std::optional<WeightData> find(const std::string& name, const Shape& wanted) override {
        Drawn& drawn = drawn_[name];
        if (drawn.users++ == 0) drawn = Drawn{numbers_of(name, wanted), wanted, 1};
        STILLREEL_CHECK(drawn.shape.elements() == wanted.elements());
        return WeightData{type_, wanted, drawn.bytes.get()};
    }
    bool holds(const std::string&) const override { return true; }
    void release(const std::string& name) override {
        const auto found = drawn_.find(name);
        STILLREEL_CHECK(found != drawn_.end());
        if (--found->second.users == 0) drawn_.erase(found);
    }
    std::vector<std::string> names() const override { return {}; }
    std::string where() const override { return "random weights"; }

  private:
    struct Drawn {
        std::unique_ptr<std::byte[]> bytes;
        Shape shape;
        int users = 0;
    };

    std::unique_ptr<std::byte[]> numbers_of(const std::string& name, const Shape& shape) const {
        Random random(key_of(seed_, name));
        const Look look = look_of(name, shape);
        const auto count = static_cast<std::size_t>(shape.elements());
        auto bytes = std::make_unique_for_overwrite<std::byte[]>(count * bytes_of(type_));
        constexpr std::size_t kChunk = 4096;
        std::array<float, kChunk> numbers;
        for (std::size_t i = 0; i < count; i += kChunk) {
            const std::span<float> chunk(numbers.data(), std::min(kChunk, count - i));
            draw(random, look, chunk);
            tensor::write_floats(chunk, type_, bytes.get() + i * bytes_of(type_));
        }
        return bytes;
    }

    std::uint64_t seed_;
    DType type_;
    std::map<std::string, Drawn> drawn_;
};

class RepeatedWeights final : public WeightSource {
  public:
    std::optional<WeightData> find(const std::string&, const Shape& wanted) override {
        const auto count = static_cast<std::size_t>(wanted.elements());
        // Blocks stay where they are: a tensor found earlier may still be read.
        if (blocks_.empty() || blocks_.back().size() < count) {
            blocks_.emplace_back(std::max(count, kLeast));
            Random random(hash_bits(blocks_.size()));
            draw(random, {0, kReach}, blocks_.back());
        }
        return WeightData{DType::f32, wanted, reinterpret_cast<const std::byte*>(blocks_.back().data())};
    }
    bool holds(const std::string&) const override { return true; }
    void release(const std::string&) override {}
    std::vector<std::string> names() const override { return {}; }
    std::string where() const override { return "repeated random weights"; }

  private:
    static constexpr std::size_t kLeast = 1 << 20;
    // Keeps sums over thousands of inputs in the range of a few.
    static constexpr float kReach = 0.02f;
    std::vector<std::vector<float>> blocks_;
};

class ShapeWeights final : public WeightSource {
  public:
    std::optional<WeightData> find(const std::string&, const Shape& wanted) override {
        return WeightData{DType::f32, wanted, nullptr};
    }
    bool holds(const std::string&) const override { return true; }
    void release(const std::string&) override {}
    std::vector<std::string> names() const override { return {}; }
    std::string where() const override { return "shapes without weights"; }
};

}  // namespace

std::unique_ptr<WeightSource> random_weights(std::uint64_t seed, DType type) {
    return std::make_unique<RandomWeights>(seed, type);
}

std::unique_ptr<WeightSource> repeated_weights() { return std::make_unique<RepeatedWeights>(); }

std::unique_ptr<WeightSource> shape_weights() { return std::make_unique<ShapeWeights>(); }

}  // namespace stillreel::weights
