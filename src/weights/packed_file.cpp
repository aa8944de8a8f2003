#include "weights/packed_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"

namespace stillreel::weights {
namespace {

using nlohmann::json;

constexpr char kMagic[32] = "stillreel packed weights\n";
constexpr std::uint64_t kAlignment = 4096;
constexpr std::uint64_t kPiece = 1 << 20;
constexpr std::uint64_t kMostTableBytes = 256 << 20;

struct Head {
    char magic[sizeof kMagic];
    std::uint64_t table;
    std::uint64_t table_bytes;
    Checksum table_sum;
};

std::uint64_t aligned(std::uint64_t place) { return (place + kAlignment - 1) / kAlignment * kAlignment; }
std::uint64_t pieces_of(std::uint64_t bytes) { return (bytes + kPiece - 1) / kPiece; }

[[noreturn]] void damaged(const fs::path& path, const char* what) {
    throw Error(ErrorCode::corrupt_data, fmt::format("{}: {}", path.string(), what));
}

[[noreturn]] void throw_errno(const char* doing, const fs::path& path, int error) {
    throw Error(error == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(error)));
}

void read_at(int descriptor, const fs::path& path, std::uint64_t place, std::span<std::byte> to) {
    while (!to.empty()) {
        const ssize_t got = ::pread(descriptor, to.data(), to.size(), static_cast<off_t>(place));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw_errno("read", path, errno);
        if (got == 0) damaged(path, "the file has been cut");
        to = to.subspan(static_cast<std::size_t>(got));
        place += static_cast<std::uint64_t>(got);
    }
}

void write_at(int descriptor, const fs::path& path, std::uint64_t place, std::span<const std::byte> from) {
    while (!from.empty()) {
        const ssize_t put = ::pwrite(descriptor, from.data(), from.size(), static_cast<off_t>(place));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) throw_errno("write", path, errno);
        from = from.subspan(static_cast<std::size_t>(put));
        place += static_cast<std::uint64_t>(put);
    }
}

/// Puts the file's pages in the place of the array's own, as far as they are whole: as if they had been read,
/// but without clearing and copying, and without a second copy in memory. Writing there changes the process's
/// own copy only. Returns how many bytes these are; 0 where it is not possible.
std::size_t map_pages(int descriptor, std::uint64_t place, std::span<std::byte> array) {
    constexpr std::size_t kLeast = 64 << 10;
    const std::size_t bytes = array.size() / kAlignment * kAlignment;
    if (bytes < kLeast || reinterpret_cast<std::uintptr_t>(array.data()) % kAlignment != 0 ||
        ::sysconf(_SC_PAGESIZE) != static_cast<long>(kAlignment))
        return 0;
    const void* mapped = ::mmap(array.data(), bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
                                descriptor, static_cast<off_t>(place));
    return mapped == array.data() ? bytes : 0;
}

std::string hex_of(const std::string& bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += kDigits[static_cast<unsigned char>(c) >> 4];
        text += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

/// Anything but digits counts as 0: the table's checksum has been looked at.
std::string bytes_of_hex(const std::string& text) {
    const auto digit = [](char c) {
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= '0' && c <= '9' ? c - '0' : 0;
    };
    std::string bytes(text.size() / 2, 0);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    return bytes;
}

}  // namespace

PackedFile PackedFile::open(const fs::path& path) {
    PackedFile file;
    file.path_ = path;
    file.descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file.descriptor_ < 0) throw_errno("open", path, errno);
    Head head;
    read_at(file.descriptor_, path, 0, std::as_writable_bytes(std::span(&head, 1)));
    if (std::memcmp(head.magic, kMagic, sizeof kMagic) != 0) damaged(path, "no file of packed weights");
    if (head.table_bytes > kMostTableBytes || head.table < kAlignment) damaged(path, "its head is damaged");
    std::string table(head.table_bytes, 0);
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(table));
    read_at(file.descriptor_, path, head.table, bytes);
    if (checksum(bytes) != head.table_sum) damaged(path, "its table is damaged");
    file.parse(table, head.table);
    return file;
}

void PackedFile::parse(const std::string& table, std::uint64_t end) {
    try {
        const json parsed = json::parse(table);
        key_ = parsed.at("key");
        title_ = parsed.at("title");
        bytes_of_ = parsed.at("arrays").get<std::vector<std::uint64_t>>();
        sums_ = bytes_of_hex(parsed.at("sums"));
    } catch (const json::exception&) {
        damaged(path_, "its table is damaged");
    }
    std::uint64_t place = kAlignment, pieces = 0;
    for (const std::uint64_t bytes : bytes_of_) {
        if (bytes > end) damaged(path_, "its table is damaged");
        place_of_.push_back(place);
        first_piece_of_.push_back(pieces);
        place = aligned(place + bytes);
        pieces += pieces_of(bytes);
    }
    if (place > aligned(end) || sums_.size() != pieces * sizeof(Checksum))
        damaged(path_, "its table is damaged");
}

PackedFile::PackedFile(PackedFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      key_(std::move(other.key_)),
      title_(std::move(other.title_)),
      bytes_of_(std::move(other.bytes_of_)),
      place_of_(std::move(other.place_of_)),
      first_piece_of_(std::move(other.first_piece_of_)),
      sums_(std::move(other.sums_)) {}

PackedFile::~PackedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void PackedFile::read(std::size_t array, std::span<std::byte> to, ThreadPool& pool) const {
    const std::uint64_t place = place_of_.at(array);
    const char* const sums = sums_.data() + first_piece_of_[array] * sizeof(Checksum);
    const std::size_t mapped = map_pages(descriptor_, place, to);
    const auto read_piece = [&](int piece) {
        const std::size_t at = static_cast<std::size_t>(piece) * kPiece;
        const std::span<std::byte> bytes = to.subspan(at, std::min<std::size_t>(kPiece, to.size() - at));
        const std::size_t there = mapped <= at ? 0 : std::min(bytes.size(), mapped - at);
        // All pages at once, not one fault after another. Pages that cannot be had so come with the faults.
        if (there > 0) ::madvise(bytes.data(), there, MADV_POPULATE_READ);
        read_at(descriptor_, path_, place + at + there, bytes.subspan(there));
        const Checksum sum = checksum(bytes);
        if (std::memcmp(sum.data(), sums + piece * sizeof(Checksum), sizeof sum) != 0)
            damaged(path_, "its numbers do not fit their checksum");
    };
    const auto pieces = static_cast<int>(pieces_of(to.size()));
    if (pieces == 1) return read_piece(0);
    pool.parallel_for(pieces, read_piece);
}

std::unique_ptr<PackedFileWriter> PackedFileWriter::create(const fs::path& target) {
    std::optional<NameClaim> claim = NameClaim::take(target);
    if (!claim) return nullptr;
    const fs::path part = target.string() + ".part";
    const int descriptor = ::open(part.c_str(), O_RDWR | O_TRUNC | O_CLOEXEC);
    if (descriptor < 0) throw_errno("write", part, errno);
    return std::unique_ptr<PackedFileWriter>(new PackedFileWriter(std::move(*claim), descriptor));
}

PackedFileWriter::PackedFileWriter(NameClaim claim, int descriptor)
    : claim_(std::move(claim)),
      part_(claim_.target().string() + ".part"),
      descriptor_(descriptor),
      end_(kAlignment) {}

PackedFileWriter::~PackedFileWriter() { ::close(descriptor_); }

void PackedFileWriter::put(std::span<const std::byte> array, ThreadPool& pool) {
    const std::size_t first = sums_.size();
    const std::uint64_t pieces = pieces_of(array.size());
    sums_.resize(first + pieces * sizeof(Checksum));
    pool.parallel_for(static_cast<int>(pieces), [&](int piece) {
        const std::size_t at = static_cast<std::size_t>(piece) * kPiece;
        const std::span part = array.subspan(at, std::min<std::size_t>(kPiece, array.size() - at));
        const Checksum sum = checksum(part);
        std::memcpy(sums_.data() + first + piece * sizeof(Checksum), sum.data(), sizeof sum);
        write_at(descriptor_, part_, end_ + at, part);
    });
    bytes_of_.push_back(array.size());
    end_ = aligned(end_ + array.size());
}

std::uint64_t PackedFileWriter::commit(const std::string& key, const std::string& title) {
    const std::string table =
        json{{"key", key}, {"title", title}, {"arrays", bytes_of_}, {"sums", hex_of(sums_)}}.dump(
            -1, ' ', false, json::error_handler_t::replace);
    const std::span<const std::byte> bytes = std::as_bytes(std::span(table));
    Head head{};
    std::memcpy(head.magic, kMagic, sizeof kMagic);
    head.table = end_;
    head.table_bytes = table.size();
    head.table_sum = checksum(bytes);
    write_at(descriptor_, part_, end_, bytes);
    write_at(descriptor_, part_, 0, std::as_bytes(std::span(&head, 1)));
    if (::rename(part_.c_str(), claim_.target().c_str()) != 0) throw_errno("write", claim_.target(), errno);
    return end_ + table.size();
}

}  // namespace stillreel::weights
