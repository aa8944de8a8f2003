#include "base/digest.h"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace stillreel {

struct Digest::State {
    explicit State(const EVP_MD* kind) : context(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
        STILLREEL_CHECK(context && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1);
    }
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context;
};

Digest::Digest(std::unique_ptr<State> state) : state_(std::move(state)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

Digest Digest::sha256() { return Digest(std::make_unique<State>(EVP_sha256())); }

Digest Digest::git_blob(std::size_t bytes) {
    Digest digest(std::make_unique<State>(EVP_sha1()));
    const std::string header = fmt::format("blob {}", bytes);
    digest.add(header.c_str(), header.size() + 1);  // the closing zero is part of it
    return digest;
}

void Digest::add(const void* bytes, std::size_t count) {
    STILLREEL_CHECK(EVP_DigestUpdate(state_->context.get(), bytes, count) == 1);
}

std::string Digest::hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    STILLREEL_CHECK(EVP_DigestFinal_ex(state_->context.get(), digest, &length) == 1);
    std::string text;
    for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

Checksum checksum(std::span<const std::byte> bytes) {
    static const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> kind(
        EVP_MAC_fetch(nullptr, "POLY1305", nullptr), &EVP_MAC_free);
    // Any key but one of many zeros: its first half is the number that blocks are multiplied by.
    static constexpr unsigned char kKey[33] = "stillreel checksum of 16 bytes  ";
    STILLREEL_CHECK(kind != nullptr);
    const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(kind.get()),
                                                                            &EVP_MAC_CTX_free);
    Checksum sum;
    std::size_t length = 0;
    STILLREEL_CHECK(context && EVP_MAC_init(context.get(), kKey, 32, nullptr) == 1 &&
                    EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                   bytes.size()) == 1 &&
                    EVP_MAC_final(context.get(), sum.data(), &length, sum.size()) == 1 &&
                    length == sum.size());
    return sum;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    STILLREEL_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                         reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest,
                         &length) != nullptr);
    return {reinterpret_cast<const char*>(digest), length};
}

std::string base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, 0);
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> parse_base64(std::string_view text) {
    std::string bytes(text.size(), 0);
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    bytes.resize(static_cast<std::size_t>(length) - std::min(padding, static_cast<std::size_t>(length)));
    // The library forgives blanks and stray padding; we do not.
    if (base64(bytes) != text) return std::nullopt;
    return bytes;
}

}  // namespace stillreel
