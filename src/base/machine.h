// What this machine has, and what this process takes of it.
#pragma once

#include <cstdint>
#include <filesystem>

namespace stillreel {

/// Bytes that are free now without pushing anything out: the kernel's MemAvailable, or what the control
/// groups of this process (versions 1 and 2) leave, whichever is less. `root` is where proc and sys lie. A
/// system that tells nothing gives the largest number.
std::uint64_t free_memory_bytes(const std::filesystem::path& root = "/");

/// All there is: the machine's memory, or the tightest limit of its control groups.
std::uint64_t total_memory_bytes(const std::filesystem::path& root = "/");

/// Size of the file system that holds `folder` (or its nearest existing parent); 0 when it does not say.
std::uint64_t disk_bytes(const std::filesystem::path& folder);

struct ProcessFacts {
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    double cpu_seconds = 0;  // of all its threads, in user and kernel
    int threads = 0;
    int open_files = 0;
};
/// Of this process, as far as the system tells.
ProcessFacts process_facts();
/// The most memory that this process has had resident so far.
std::uint64_t peak_rss_bytes();

}  // namespace stillreel
