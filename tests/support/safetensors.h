// Reads the tensors of a safetensors file: 8 bytes little-endian length, a JSON header, the data.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace stillreel::testing {

class SafetensorsFile {
  public:
    explicit SafetensorsFile(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
        std::uint64_t length = 0;
        if (bytes_.size() >= sizeof length) std::memcpy(&length, bytes_.data(), sizeof length);
        if (length == 0 || length > bytes_.size() - sizeof length)
            throw std::runtime_error(path.string() + " is not a safetensors file");
        data_ = sizeof length + length;
        header_ = nlohmann::json::parse(bytes_.begin() + sizeof length, bytes_.begin() + data_);
    }

    std::vector<int> shape(const std::string& name) const { return header_.at(name).at("shape"); }

    /// T must fit the stored type, which is named as in the header: "U8", "F32", "I64".
    template <class T>
    std::vector<T> values(const std::string& name, const char* stored_type) const {
        const nlohmann::json& tensor = header_.at(name);
        if (tensor.at("dtype") != stored_type)
            throw std::runtime_error(name + " is not of type " + stored_type);
        const std::size_t begin = tensor.at("data_offsets").at(0), end = tensor.at("data_offsets").at(1);
        if (begin > end || end > bytes_.size() - data_)
            throw std::runtime_error(name + " lies outside of the file");
        std::vector<T> values((end - begin) / sizeof(T));
        std::memcpy(values.data(), bytes_.data() + data_ + begin, values.size() * sizeof(T));
        return values;
    }

  private:
    std::vector<char> bytes_;
    std::ptrdiff_t data_ = 0;
    nlohmann::json header_;
};

}  // namespace stillreel::testing
