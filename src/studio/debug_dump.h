// The tensors that an engine shows on its way and the frames that it makes, as files for a comparison with
// another implementation.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"
#include "tensor/tensor.h"

namespace stillreel::studio {

class DebugDump {
  public:
    explicit DebugDump(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Keeps a float32 tensor for tensors.safetensors; a later one of the same name takes its place.
    void add(std::string_view name, const tensor::Shape& shape, std::span<const float> numbers);
    /// Lengthens the tensor along its first dimension. The others are equal (CHECKed).
    void append(std::string_view name, const tensor::Shape& shape, std::span<const float> numbers);
    /// Writes frame_0000.png ... Throws io.
    void add_frame(int number, const image::Image& frame) const;
    /// Writes `<folder>/tensors.safetensors` with all that was added. Throws io.
    void write() const;

  private:
    struct Kept {
        tensor::Shape shape;
        std::vector<float> numbers;
    };
    std::filesystem::path folder_;
    std::map<std::string, Kept> tensors_;
};

}  // namespace stillreel::studio
