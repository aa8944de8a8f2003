#include "diffusion/checkpoint.h"

#include <fmt/core.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace stillreel::diffusion {
namespace {

using nlohmann::json;

// Magic, SHA-256 of all that follows, length of the JSON, JSON, numbers in the order that it lists.
constexpr std::string_view kMagic = "stillreel i2vgen checkpoint 2\n";
constexpr std::size_t kDigestSize = 64;
constexpr std::uint64_t kMaxBytes = std::uint64_t{8} << 30;

void append(std::string& body, const std::vector<float>& numbers) {
    body.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float));
}

/// The arrays of a checkpoint in the order of the file, after `history`'s count is known.
template <class AnyCheckpoint>
auto arrays_of(AnyCheckpoint& checkpoint) {
    std::vector<decltype(&checkpoint.text)> arrays{&checkpoint.text,          &checkpoint.image_embedding,
                                                   &checkpoint.image_latents, &checkpoint.latents,
                                                   &checkpoint.clean,         &checkpoint.guidance};
    for (auto& numbers : checkpoint.history) arrays.push_back(&numbers);
    return arrays;
}

[[noreturn]] void throw_damaged(const fs::path& file) {
    throw Error(ErrorCode::corrupt_data, fmt::format("the checkpoint {} is damaged", file.string()));
}

/// Takes `size` bytes off the front of `rest`.
std::string_view taken(std::string_view& rest, std::size_t size, const fs::path& file) {
    if (size > rest.size()) throw_damaged(file);
    const std::string_view front = rest.substr(0, size);
    rest.remove_prefix(size);
    return front;
}

Checkpoint parsed(const json& header, std::string_view rest, const fs::path& file) {
    Checkpoint checkpoint;
    checkpoint.fingerprint = header.at("fingerprint").get<std::string>();
    checkpoint.steps_done = header.at("steps_done").get<int>();
    checkpoint.generator = header.at("generator").get<std::string>();
    const auto sizes = header.at("sizes").get<std::vector<std::size_t>>();
    const std::size_t fixed = arrays_of(checkpoint).size();
    if (sizes.size() < fixed) throw_damaged(file);
    checkpoint.history.resize(sizes.size() - fixed);
    const auto arrays = arrays_of(checkpoint);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (sizes[i] > rest.size()) throw_damaged(file);
        const std::string_view bytes = taken(rest, sizes[i] * sizeof(float), file);
        arrays[i]->resize(sizes[i]);
        if (!bytes.empty()) std::memcpy(arrays[i]->data(), bytes.data(), bytes.size());
    }
    if (!rest.empty()) throw_damaged(file);
    return checkpoint;
}

}  // namespace

fs::path checkpoint_file(const fs::path& scratch) { return scratch / "i2vgen-xl.checkpoint"; }

void write_checkpoint(const fs::path& file, const Checkpoint& checkpoint) {
    json header{{"fingerprint", checkpoint.fingerprint},
                {"steps_done", checkpoint.steps_done},
                {"generator", checkpoint.generator},
                {"sizes", json::array()}};
    const auto arrays = arrays_of(checkpoint);
    for (const auto* numbers : arrays) header["sizes"].push_back(numbers->size());
    const std::string text = header.dump();
    const std::uint64_t text_size = text.size();
    std::string body(reinterpret_cast<const char*>(&text_size), sizeof text_size);
    body += text;
    for (const auto* numbers : arrays) append(body, *numbers);
    write_file(file, std::string(kMagic) + sha256_hex(body) + body);
}

std::optional<Checkpoint> read_checkpoint(const fs::path& file) {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return std::nullopt;
    const std::string bytes = read_text_file(file, kMaxBytes);
    std::string_view rest = bytes;
    if (!rest.starts_with(kMagic)) throw_damaged(file);
    rest.remove_prefix(kMagic.size());
    const std::string_view digest = taken(rest, kDigestSize, file);
    if (sha256_hex(rest) != digest) throw_damaged(file);
    std::uint64_t text_size = 0;
    std::memcpy(&text_size, taken(rest, sizeof text_size, file).data(), sizeof text_size);
    const json header = json::parse(taken(rest, text_size, file), nullptr, false);
    if (header.is_discarded()) throw_damaged(file);
    try {
        return parsed(header, rest, file);
    } catch (const json::exception&) {
        throw_damaged(file);
    }
}

}  // namespace stillreel::diffusion
