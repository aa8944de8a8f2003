#include "weights/safetensors_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "weights/safetensors_header.h"

namespace stillreel::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::size_t size_of(const TensorEntry& entry) { return bytes_of(entry.type, entry.shape); }

std::string header_text(const std::vector<TensorEntry>& entries,
                        const std::map<std::string, std::string>& metadata) {
    json header = json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::size_t at = 0;
    for (const TensorEntry& entry : entries) {
        STILLREEL_CHECK(!header.contains(entry.name));
        const std::size_t end = at + size_of(entry);
        header[entry.name] = {{"dtype", safetensors_name(entry.type)},
                              {"shape", std::vector(entry.shape.dims().begin(), entry.shape.dims().end())},
                              {"data_offsets", {at, end}}};
        at = end;
    }
    std::string text = header.dump();
    // Numbers then begin at a multiple of 8, which other readers like.
    text.resize((text.size() + 7) / 8 * 8, ' ');
    return text;
}

}  // namespace

SafetensorsWriter SafetensorsWriter::create(const fs::path& target, std::vector<TensorEntry> entries,
                                            const std::map<std::string, std::string>& metadata) {
    SafetensorsWriter writer(target, std::move(entries));
    const std::string header = header_text(writer.entries_, metadata);
    const std::uint64_t length = header.size();
    writer.write(reinterpret_cast<const char*>(&length), sizeof length);
    writer.write(header.data(), header.size());
    return writer;
}

SafetensorsWriter::SafetensorsWriter(const fs::path& target, std::vector<TensorEntry> entries)
    : part_(PartFile::create(target)), out_(part_.path(), std::ios::binary), entries_(std::move(entries)) {}

void SafetensorsWriter::write(const char* bytes, std::size_t count) {
    out_.write(bytes, static_cast<std::streamsize>(count));
    if (!out_)
        throw Error(ErrorCode::io,
                    fmt::format("cannot write {}: {}", part_.target().string(), std::strerror(errno)));
}

void SafetensorsWriter::put(const tensor::WeightData& weight) {
    STILLREEL_CHECK(next_ < entries_.size());
    const TensorEntry& entry = entries_[next_++];
    STILLREEL_CHECK(weight.type == entry.type && weight.shape == entry.shape);
    const std::size_t bytes = size_of(entry);
    STILLREEL_CHECK(weight.data != nullptr || bytes == 0);
    if (bytes > 0) write(reinterpret_cast<const char*>(weight.data), bytes);
}

void SafetensorsWriter::commit() {
    STILLREEL_CHECK_EQ(next_, entries_.size());
    out_.close();
    if (!out_)
        throw Error(ErrorCode::io,
                    fmt::format("cannot write {}: {}", part_.target().string(), std::strerror(errno)));
    part_.commit();
}

void write_safetensors(const fs::path& target, const std::map<std::string, tensor::WeightData>& tensors,
                       const std::map<std::string, std::string>& metadata) {
    std::vector<TensorEntry> entries;
    for (const auto& [name, weight] : tensors) entries.push_back({name, weight.type, weight.shape});
    // Wide types first: every tensor is aligned to its own type then.
    std::stable_sort(entries.begin(), entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
        return bytes_of(a.type) > bytes_of(b.type);
    });
    SafetensorsWriter writer = SafetensorsWriter::create(target, entries, metadata);
    for (const TensorEntry& entry : entries) writer.put(tensors.at(entry.name));
    writer.commit();
}

}  // namespace stillreel::weights
