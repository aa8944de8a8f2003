#include "base/digest.h"

#include <fmt/core.h>
#include <openssl/evp.h>

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

}  // namespace stillreel
