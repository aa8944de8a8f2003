#include "studio/debug_dump.h"

#include <fmt/core.h>

#include "base/check.h"
#include "image/picture_file.h"
#include "weights/safetensors_writer.h"

namespace stillreel::studio {

void DebugDump::add(std::string_view name, const tensor::Shape& shape, std::span<const float> numbers) {
    tensors_[std::string(name)] = {shape, {numbers.begin(), numbers.end()}};
}

void DebugDump::append(std::string_view name, const tensor::Shape& shape, std::span<const float> numbers) {
    const auto found = tensors_.find(std::string(name));
    if (found == tensors_.end()) return add(name, shape, numbers);
    Kept& kept = found->second;
    STILLREEL_CHECK_EQ(kept.shape.elements() / kept.shape[0], shape.elements() / shape[0]);
    std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end());
    dims[0] += kept.shape[0];
    kept.shape = tensor::Shape(std::span<const std::int64_t>(dims));
    kept.numbers.insert(kept.numbers.end(), numbers.begin(), numbers.end());
}

void DebugDump::add_frame(int number, const image::Image& frame) const {
    image::write_png(folder_ / fmt::format("frame_{:04}.png", number), frame);
}

void DebugDump::write() const {
    std::map<std::string, tensor::WeightData> weights;
    for (const auto& [name, kept] : tensors_)
        weights[name] = {tensor::DType::f32, kept.shape,
                         reinterpret_cast<const std::byte*>(kept.numbers.data())};
    weights::write_safetensors(folder_ / "tensors.safetensors", weights);
}

}  // namespace stillreel::studio
