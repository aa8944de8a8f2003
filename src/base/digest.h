// Check sums of content that arrives piece by piece, and signatures of messages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stillreel {

class Digest {
  public:
    /// SHA-256 of the content.
    static Digest sha256();
    /// What git calls a file of `bytes` bytes: SHA-1 of a short header and the content.
    static Digest git_blob(std::size_t bytes);

    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;
    ~Digest();

    void add(const void* bytes, std::size_t count);
    /// Lower case. Once, at the end.
    std::string hex();

  private:
    struct State;
    explicit Digest(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Tells bytes that an accident has changed (a disk, a file that was cut), at several GB/s; no protection
/// from people. Poly1305 (RFC 8439) with a fixed key.
using Checksum = std::array<std::uint8_t, 16>;
Checksum checksum(std::span<const std::byte> bytes);

/// HMAC-SHA256 (RFC 2104): 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view message);

/// With padding, without line ends (RFC 4648, section 4).
std::string base64(std::string_view bytes);
/// None when `text` is not what base64() writes.
std::optional<std::string> parse_base64(std::string_view text);

}  // namespace stillreel
