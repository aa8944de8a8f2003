// A file of packed weights: arrays of numbers in the order of packing, each at a multiple of 4096 bytes,
// every piece of 1 MiB with a checksum; at the end a table that says what there is.
//
//     "stillreel packed weights\n", then at byte 32: the table's place, its length (64 bits each) and
//     checksum from byte 4096: arrays the table: JSON {"key", "title", "arrays": [bytes ...], "sums": hex
//     digits of every piece's checksum}
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/name_claim.h"
#include "base/threads.h"

namespace stillreel::weights {

/// A file's table was read and is whole; pieces are checked as they are read.
class PackedFile {
  public:
    /// Throws not_found, io, corrupt_data (not such a file, cut, a table that is damaged).
    static PackedFile open(const std::filesystem::path& path);
    PackedFile(PackedFile&& other) noexcept;
    ~PackedFile();

    /// What its numbers depend on, and what to call it: as they were given to the writer.
    const std::string& key() const { return key_; }
    const std::string& title() const { return title_; }
    std::size_t arrays() const { return bytes_of_.size(); }
    std::uint64_t bytes_of(std::size_t array) const { return bytes_of_.at(array); }

    /// An array that has this length, on the pool's threads. Throws io, corrupt_data (a checksum).
    void read(std::size_t array, std::span<std::byte> to, ThreadPool& pool) const;

  private:
    PackedFile() = default;
    void parse(const std::string& table, std::uint64_t end);

    std::filesystem::path path_;
    int descriptor_ = -1;
    std::string key_, title_;
    std::vector<std::uint64_t> bytes_of_, place_of_;
    std::vector<std::size_t> first_piece_of_;
    std::string sums_;  // 16 bytes a piece
};

/// A file under way: as `<target>.part` until commit(), gone when it is not committed.
class PackedFileWriter {
  public:
    /// Nothing when another process is writing it. Throws io.
    static std::unique_ptr<PackedFileWriter> create(const std::filesystem::path& target);
    ~PackedFileWriter();

    /// The next array, on the pool's threads. Throws io (disk full).
    void put(std::span<const std::byte> array, ThreadPool& pool);
    /// Writes the table and gives the file its name. Does not wait for the disk: what a crash loses does not
    /// fit its checksum. Returns the file's bytes. Throws io.
    std::uint64_t commit(const std::string& key, const std::string& title);

  private:
    PackedFileWriter(NameClaim claim, int descriptor);

    NameClaim claim_;
    std::filesystem::path part_;
    int descriptor_ = -1;
    std::uint64_t end_ = 0;
    std::vector<std::uint64_t> bytes_of_;
    std::string sums_;
};

}  // namespace stillreel::weights
