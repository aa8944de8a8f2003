#include "weights/safetensors_header.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"

namespace stillreel::weights {
namespace {

using nlohmann::json;
using tensor::DType;

static_assert(std::endian::native == std::endian::little, "weight files are read as they lie");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // as the format's own library
constexpr std::size_t kMaxRank = 64;
constexpr std::size_t kShownName = 120;

struct StoredType {
    std::string_view name;
    std::uint64_t bytes;
    std::optional<DType> type;
};
constexpr std::array<StoredType, 17> kTypes{{{"F32", 4, DType::f32},
                                             {"F16", 2, DType::f16},
                                             {"BF16", 2, DType::bf16},
                                             {"I64", 8, DType::i64},
                                             {"U8", 1, DType::u8},
                                             {"BOOL", 1, std::nullopt},
                                             {"I8", 1, DType::i8},
                                             {"F8_E5M2", 1, std::nullopt},
                                             {"F8_E4M3", 1, std::nullopt},
                                             {"F8_E8M0", 1, std::nullopt},
                                             {"I16", 2, std::nullopt},
                                             {"U16", 2, std::nullopt},
                                             {"I32", 4, std::nullopt},
                                             {"U32", 4, std::nullopt},
                                             {"U64", 8, std::nullopt},
                                             {"F64", 8, std::nullopt},
                                             {"C64", 8, std::nullopt}}};

const StoredType* find_type(std::string_view name) {
    const auto found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const StoredType& t) { return t.name == name; });
    return found == kTypes.end() ? nullptr : &*found;
}

[[noreturn]] void damaged(const std::string& file, const std::string& what) {
    throw Error(ErrorCode::corrupt_data,
                fmt::format("{}: {}; the file is damaged or no safetensors file", file, what));
}

/// Takes the header's JSON event by event, so that no hostile nesting or repetition is ever built up in
/// memory: {"__metadata__": {text: text}, name: {"dtype": text, "shape": [n...], "data_offsets": [n, n]}}.
class HeaderReader final : public nlohmann::json_sax<json> {
  public:
    explicit HeaderReader(const std::string& file) : file_(file) {}

    SafetensorsHeader take() { return std::move(header_); }

    bool start_object(std::size_t) override {
        if (place_ == Place::outside)
            place_ = Place::top;
        else if (place_ == Place::top)
            place_ = name_ == "__metadata__" ? Place::metadata : Place::tensor;
        else
            unexpected("an object");
        seen_.clear();
        return true;
    }

    bool key(string_t& key) override {
        if (place_ == Place::top) {
            name_ = key;
            if (header_.tensors.contains(name_) ||
                (name_ == "__metadata__" && std::exchange(has_metadata_, true)))
                damaged(file_, fmt::format("tensor {} is described twice", shown_name(name_)));
            return true;
        }
        if (std::find(seen_.begin(), seen_.end(), key) != seen_.end())
            damaged(file_, fmt::format("{} has the field {} twice", shown_name(name_), shown_name(key)));
        if (place_ == Place::tensor) seen_.push_back(key);
        field_ = key;
        return true;
    }

    bool end_object() override {
        if (place_ == Place::tensor) {
            if (seen_.size() != 3)
                damaged(file_,
                        fmt::format("tensor {} lacks its dtype, shape or data_offsets", shown_name(name_)));
            if (offsets_.size() != 2)
                damaged(file_, fmt::format("tensor {} has {} data_offsets instead of 2", shown_name(name_),
                                           offsets_.size()));
            tensor_.begin = offsets_[0];
            tensor_.end = offsets_[1];
            header_.tensors.emplace(name_, std::exchange(tensor_, {}));
            offsets_.clear();
        }
        place_ = place_ == Place::top ? Place::outside : Place::top;
        return true;
    }

    bool start_array(std::size_t) override {
        if (place_ == Place::tensor && field_ == "shape")
            place_ = Place::shape;
        else if (place_ == Place::tensor && field_ == "data_offsets")
            place_ = Place::offsets;
        else
            unexpected("a list");
        return true;
    }

    bool end_array() override {
        place_ = Place::tensor;
        return true;
    }

    bool number_unsigned(number_unsigned_t number) override {
        if (place_ == Place::shape && tensor_.shape.size() < kMaxRank && std::in_range<std::int64_t>(number))
            tensor_.shape.push_back(static_cast<std::int64_t>(number));
        else if (place_ == Place::offsets && offsets_.size() < 3)
            offsets_.push_back(number);
        else
            unexpected("the number " + std::to_string(number));
        return true;
    }

    bool string(string_t& text) override {
        if (place_ == Place::metadata)
            header_.metadata[field_] = text;
        else if (place_ == Place::tensor && field_ == "dtype")
            tensor_.type = text;
        else
            unexpected("a text");
        return true;
    }

    bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
    bool number_float(number_float_t, const string_t&) override {
        return unexpected("a fraction or huge number");
    }
    bool null() override { return unexpected("null"); }
    bool boolean(bool) override { return unexpected("true or false"); }
    bool binary(binary_t&) override { return unexpected("binary data"); }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        damaged(file_, fmt::format("its header is no JSON from byte {} on", position));
    }

  private:
    enum class Place { outside, top, metadata, tensor, shape, offsets };

    [[noreturn]] bool unexpected(const std::string& what) const {
        if (place_ == Place::outside)
            damaged(file_, fmt::format("its header is {} instead of an object", what));
        const std::string field = place_ == Place::top ? "" : fmt::format(", field {}", shown_name(field_));
        damaged(file_, fmt::format("{} is not expected in its header (tensor {}{})", what, shown_name(name_),
                                   field));
    }

    const std::string& file_;
    SafetensorsHeader header_;
    Place place_ = Place::outside;
    bool has_metadata_ = false;
    std::string name_, field_;
    std::vector<std::string> seen_;  // fields of the tensor under way
    std::vector<std::uint64_t> offsets_;
    StoredTensor tensor_;
};

/// Bytes of a tensor of this type and shape; nothing when no 64-bit number holds them.
std::optional<std::uint64_t> size_of(std::uint64_t element_bytes, const std::vector<std::int64_t>& shape) {
    std::uint64_t bytes = element_bytes;
    for (const std::int64_t dim : shape)
        if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dim), &bytes)) return std::nullopt;
    return bytes;
}

void check_size(const std::string& file, const std::string& name, const StoredTensor& tensor) {
    const StoredType* type = find_type(tensor.type);
    if (!type)
        damaged(file,
                fmt::format("tensor {} has the unknown type {}", shown_name(name), shown_name(tensor.type)));
    if (tensor.begin > tensor.end)
        damaged(file, fmt::format("tensor {} ends at byte {}, before it begins at byte {}", shown_name(name),
                                  tensor.end, tensor.begin));
    const auto bytes = size_of(type->bytes, tensor.shape);
    if (!bytes)
        damaged(file, fmt::format("tensor {} has a shape beyond any memory ({})", shown_name(name),
                                  fmt::join(tensor.shape, ", ")));
    if (*bytes != tensor.bytes())
        damaged(file, fmt::format("tensor {} of {} ({}) needs {} bytes, but has {}", shown_name(name),
                                  tensor.type, fmt::join(tensor.shape, ", "), *bytes, tensor.bytes()));
}

/// Tensors follow each other without gaps, from the first byte of the data to the last.
void check_order(const std::string& file, const SafetensorsHeader& header, std::uint64_t data_bytes) {
    using Entry = std::pair<const std::string, StoredTensor>;
    std::vector<const Entry*> order;
    for (const Entry& entry : header.tensors) order.push_back(&entry);
    std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
        return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
    });
    std::uint64_t at = 0;
    for (const Entry* entry : order) {
        const auto& [name, tensor] = *entry;
        if (tensor.begin != at)
            damaged(
                file,
                fmt::format("tensor {} begins at byte {} of the data, but the one before it ends at byte {}",
                            shown_name(name), tensor.begin, at));
        if (tensor.end > data_bytes)
            throw Error(
                ErrorCode::corrupt_data,
                fmt::format("{}: tensor {} ends at byte {} of the data, of which there are {}: the file has "
                            "been cut, fetch it again",
                            file, shown_name(name), tensor.end, data_bytes));
        at = tensor.end;
    }
    if (at != data_bytes)
        damaged(file, fmt::format("its last {} bytes belong to no tensor", data_bytes - at));
}

}  // namespace

std::uint64_t StoredTensor::elements() const {
    std::uint64_t product = 1;
    for (const std::int64_t dim : shape) product *= static_cast<std::uint64_t>(dim);
    return product;
}

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file, const std::string& name) {
    if (file.size() < kLengthBytes)
        damaged(name, fmt::format("it has {} bytes, too few for a header", file.size()));
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), kLengthBytes);
    const std::uint64_t rest = file.size() - kLengthBytes;
    if (length > kMaxHeaderBytes)
        damaged(name, fmt::format("its header would have {} bytes (at most {} are allowed)", length,
                                  kMaxHeaderBytes));
    if (length > rest)
        damaged(name, fmt::format("its header would have {} bytes, but only {} follow", length, rest));

    const char* text = reinterpret_cast<const char*>(file.data() + kLengthBytes);
    HeaderReader reader(name);
    json::sax_parse(text, text + length, &reader);
    SafetensorsHeader header = reader.take();
    for (const auto& [tensor_name, tensor] : header.tensors) check_size(name, tensor_name, tensor);
    check_order(name, header, rest - length);
    for (auto& [tensor_name, tensor] : header.tensors) {
        tensor.begin += kLengthBytes + length;
        tensor.end += kLengthBytes + length;
    }
    return header;
}

std::string_view safetensors_name(DType type) {
    return std::find_if(kTypes.begin(), kTypes.end(), [&](const StoredType& t) { return t.type == type; })
        ->name;
}

std::optional<DType> type_of_safetensors_name(std::string_view name) {
    const StoredType* found = find_type(name);
    return found ? found->type : std::nullopt;
}

std::string shown_name(std::string_view name) {
    std::size_t length = std::min(name.size(), kShownName);
    // A cut inside a UTF-8 character would leave bytes that are no text.
    const auto continues = [&](std::size_t i) {
        return (static_cast<unsigned char>(name[i]) & 0xC0) == 0x80;
    };
    while (length > 0 && length < name.size() && continues(length)) --length;
    std::string shown(name.substr(0, length));
    for (char& c : shown)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return name.size() > shown.size() ? shown + "..." : shown;
}

}  // namespace stillreel::weights
