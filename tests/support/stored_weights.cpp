#include "support/stored_weights.h"

#include "weights/safetensors.h"
#include "weights/safetensors_writer.h"

namespace stillreel::testing {

namespace fs = std::filesystem;

StoredWeight StoredWeight::of(const tensor::Shape& shape, std::span<const float> numbers,
                              tensor::DType type) {
    StoredWeight weight{type, shape, std::vector<std::byte>(numbers.size() * tensor::bytes_of(type))};
    tensor::write_floats(numbers, type, weight.bytes.data());
    return weight;
}

std::vector<float> StoredWeight::floats() const {
    std::vector<float> numbers(static_cast<std::size_t>(shape.elements()));
    tensor::read_floats(data(), 0, numbers);
    return numbers;
}

StoredWeights read_weights(const fs::path& safetensors) {
    const auto file = weights::SafetensorsFile::open(safetensors);
    StoredWeights all;
    for (const auto& [name, stored] : file.tensors()) {
        const tensor::WeightData found = file.weight(name);
        all[name] = {found.type, found.shape, {found.data, found.data + stored.bytes()}};
    }
    return all;
}

void write_weights(const fs::path& safetensors, const StoredWeights& weights) {
    std::map<std::string, tensor::WeightData> views;
    for (const auto& [name, weight] : weights) views[name] = weight.data();
    weights::write_safetensors(safetensors, views);
}

void copy_model(const fs::path& from, const fs::path& to) {
    fs::copy(from, to, fs::copy_options::recursive);
    // The originals may be read-only.
    for (const auto& entry : fs::recursive_directory_iterator(to))
        fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    fs::permissions(to, fs::perms::owner_write, fs::perm_options::add);
}

}  // namespace stillreel::testing
