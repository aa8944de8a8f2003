#include "weights/packed_cache.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/amounts.h"
#include "base/error.h"
#include "weights/packed_file.h"

namespace stillreel::weights {
namespace {

/// A kind of packed weights that does not show all of its memory cannot be kept.
bool whole(const std::vector<std::span<std::byte>>& arrays, const tensor::Packed& packed) {
    std::uint64_t bytes = 0;
    for (const std::span<std::byte> array : arrays) bytes += array.size();
    return bytes == packed.bytes;
}

}  // namespace

/// A file that is read, or one that is written, or neither.
struct PackedCache::State {
    std::optional<PackedFile> file;
    std::size_t next = 0;  // array
    std::unique_ptr<PackedFileWriter> writer;
};

PackedCache::PackedCache(PackedCacheRequest request)
    : request_(std::move(request)), state_(std::make_unique<State>()) {
    open();
    if (!state_->file) begin_file();
}

PackedCache::~PackedCache() = default;

void PackedCache::note(const std::string& line) const {
    if (request_.note) request_.note(line);
}

void PackedCache::open() {
    try {
        state_->file.emplace(PackedFile::open(request_.file));
        if (state_->file->key() == request_.key) return;
        note(fmt::format(
            "the packed weights in {} belong to another version of the model or of stillreel, or to "
            "another machine: they are packed anew",
            request_.file.string()));
    } catch (const Error& error) {
        if (error.code() == ErrorCode::not_found) return;
        note(fmt::format("the packed weights are packed anew: {}", error.what()));
    }
    state_->file.reset();
    std::error_code ignored;
    std::filesystem::remove(request_.file, ignored);
}

void PackedCache::begin_file() {
    try {
        const std::uint64_t free = request_.free_space(request_.file.parent_path());
        if (free < request_.bytes)
            return note(fmt::format("the packed weights are not kept: they need {} in {}, where {} are free",
                                    bytes_text(request_.bytes), request_.file.parent_path().string(),
                                    bytes_text(free)));
        state_->writer = PackedFileWriter::create(request_.file);
        if (state_->writer)
            note(fmt::format("packed weights are kept in {}: about {}", request_.file.string(),
                             bytes_text(request_.bytes)));
    } catch (const Error& error) {
        note(fmt::format("the packed weights are not kept: {}", error.what()));
    }
}

void PackedCache::give_up(const std::string& why) {
    state_->file.reset();
    std::error_code ignored;
    std::filesystem::remove(request_.file, ignored);
    note(fmt::format("the kept packed weights are not used and removed, the next clip keeps new ones: {}",
                     why));
}

bool PackedCache::restore(tensor::Packed& empty, ThreadPool& pool) {
    const std::vector<std::span<std::byte>> arrays = empty.arrays();
    if (!state_->file || !whole(arrays, empty)) return false;
    try {
        for (const std::span<std::byte> array : arrays) {
            const std::size_t next = state_->next++;
            if (next >= state_->file->arrays() || state_->file->bytes_of(next) != array.size())
                throw Error(ErrorCode::corrupt_data,
                            fmt::format("{} holds other weights", request_.file.string()));
            if (!array.empty()) state_->file->read(next, array, pool);
        }
        return true;
    } catch (const Error& error) {
        give_up(error.what());
        for (const std::span<std::byte> array : arrays) std::ranges::fill(array, std::byte{});
        return false;
    }
}

void PackedCache::keep(tensor::Packed& packed, ThreadPool& pool) {
    const std::vector<std::span<std::byte>> arrays = packed.arrays();
    if (!state_->writer || !whole(arrays, packed)) return;
    try {
        for (const std::span<std::byte> array : arrays) state_->writer->put(array, pool);
    } catch (const Error& error) {
        state_->writer.reset();
        note(fmt::format("the packed weights are not kept: {}", error.what()));
    }
}

void PackedCache::finish() {
    if (state_->file && state_->next != state_->file->arrays())
        give_up(fmt::format("{} holds other weights", request_.file.string()));
    if (!state_->writer) return;
    try {
        state_->writer->commit(request_.key, request_.title);
    } catch (const Error& error) {
        note(fmt::format("the packed weights are not kept: {}", error.what()));
    }
    state_->writer.reset();
}

std::vector<PackedCacheFile> packed_cache_files(const std::filesystem::path& folder) {
    std::vector<PackedCacheFile> files;
    std::error_code failed;
    for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        if (at->path().extension() != kPackedExtension) continue;
        PackedCacheFile file{at->path(), "", at->file_size(failed)};
        try {
            file.title = PackedFile::open(file.path).title();
        } catch (const Error&) {
            // Listed without a title, so that it can be removed.
        }
        files.push_back(std::move(file));
    }
    std::ranges::sort(files, {}, &PackedCacheFile::path);
    return files;
}

}  // namespace stillreel::weights
