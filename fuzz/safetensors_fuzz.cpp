// Any bytes as a weight file: an Error, or tensors that lie where the header says, each of the bytes once,
// all of them readable.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "weights/safetensors_header.h"

namespace {

using namespace stillreel;

void read_all(std::span<const std::byte> file, const weights::StoredTensor& stored) {
    const auto type = weights::type_of_safetensors_name(stored.type);
    if (!type || stored.shape.size() > tensor::Shape::kMaxRank) return;
    const tensor::Shape shape{std::span<const std::int64_t>(stored.shape)};
    STILLREEL_CHECK_EQ(static_cast<std::uint64_t>(shape.elements()) * tensor::bytes_of(*type),
                       stored.bytes());
    if (*type == tensor::DType::i64 || *type == tensor::DType::u8) return;
    std::vector<float> numbers(static_cast<std::size_t>(shape.elements()));
    tensor::read_floats({*type, shape, file.data() + stored.begin}, 0, numbers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::byte> file = std::as_bytes(std::span(data, size));
    try {
        const weights::SafetensorsHeader header = weights::parse_safetensors_header(file, "input");
        std::uint64_t bytes = 0;
        for (const auto& [name, stored] : header.tensors) {
            STILLREEL_CHECK(stored.begin <= stored.end && stored.end <= size);
            bytes += stored.bytes();
            read_all(file, stored);
        }
        STILLREEL_CHECK(bytes + 8 <= size);
    } catch (const Error&) {
    }
    return 0;
}
