// How much memory a process may still take.
#pragma once

#include <cstdint>
#include <filesystem>

namespace stillreel::diffusion {

/// Bytes that are free now without pushing anything out: the kernel's MemAvailable, or what the control
/// groups of this process (versions 1 and 2) leave, whichever is less. `root` is where proc and sys lie. A
/// system that tells nothing gives the largest number.
std::uint64_t free_memory_bytes(const std::filesystem::path& root = "/");

}  // namespace stillreel::diffusion
