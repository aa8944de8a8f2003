// Check sums of content that arrives piece by piece.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

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

}  // namespace stillreel
