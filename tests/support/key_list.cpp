#include "support/key_list.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace stillreel::testing {
namespace {

class KeyListWeights final : public weights::WeightSource {
  public:
    explicit KeyListWeights(const KeyList& keys) : keys_(keys) {}

    std::optional<tensor::WeightData> find(const std::string& name, const tensor::Shape&) override {
        const auto found = keys_.shapes.find(name);
        if (found == keys_.shapes.end()) return std::nullopt;
        return tensor::WeightData{tensor::DType::f32, found->second, nullptr};
    }
    bool holds(const std::string& name) const override { return keys_.shapes.contains(name); }
    void release(const std::string&) override {}
    std::vector<std::string> names() const override {
        std::vector<std::string> names;
        for (const auto& [name, shape] : keys_.shapes) names.push_back(name);
        return names;
    }
    std::string where() const override { return keys_.name; }

  private:
    const KeyList& keys_;
};

tensor::Shape parse_shape(const std::string& text) {
    std::vector<std::int64_t> dims;
    std::istringstream in(text);
    for (std::string dim; std::getline(in, dim, 'x');) dims.push_back(std::stoll(dim));
    return tensor::Shape(std::span<const std::int64_t>(dims));
}

std::ifstream open_input(const std::filesystem::path& path) {
    std::ifstream in(path);
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return in;
}

}  // namespace

std::int64_t KeyList::elements() const {
    std::int64_t sum = 0;
    for (const auto& [key, shape] : shapes) sum += shape.elements();
    return sum;
}

KeyList load_key_list(const std::string& name) {
    const std::filesystem::path folder = std::filesystem::path(STILLREEL_SOURCE_DIR) / "tests/weights/keys";
    std::ifstream config = open_input(folder / (name + ".config.json"));
    KeyList keys{name, {std::istreambuf_iterator<char>(config), {}}, {}};
    std::ifstream in = open_input(folder / (name + ".txt"));
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with('#')) continue;
        const std::size_t space = line.find(' ');
        keys.shapes.emplace(line.substr(0, space), parse_shape(line.substr(space + 1)));
    }
    return keys;
}

std::unique_ptr<weights::WeightSource> weights_of(const KeyList& keys) {
    return std::make_unique<KeyListWeights>(keys);
}

}  // namespace stillreel::testing
