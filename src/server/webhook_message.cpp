#include "server/webhook_message.h"

#include <fmt/core.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <fstream>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/network_address.h"
#include "studio/field_error.h"

namespace stillreel::server {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kMinKeyBytes = 24, kMaxKeyBytes = 64, kNewKeyBytes = 32;
constexpr std::size_t kMaxSecretFileBytes = 1000;
constexpr std::size_t kMaxUrlBytes = 2000;

std::string random_key() {
    std::string key(kNewKeyBytes, 0);
    if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
        throw Error(ErrorCode::io, "the system gives no random numbers");
    return key;
}

void make_secret(const fs::path& file) {
    PartFile part = PartFile::create(file);
    fs::permissions(part.path(), fs::perms::owner_read | fs::perms::owner_write);
    std::ofstream out(part.path(), std::ios::binary);
    out << kSecretPrefix << base64(random_key()) << '\n';
    out.close();
    if (!out) throw Error(ErrorCode::io, fmt::format("cannot write {}", file.string()));
    part.commit_new();  // or another server of this home has just made one
}

void warn_when_others_may_read(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
        log::warning(
            fmt::format("{} can be read by other users of this machine: chmod 600 it", file.string()));
}

[[noreturn]] void refuse(const std::string& why) {
    throw studio::FieldError(ErrorCode::invalid_argument, fmt::format("webhook {}", why), "webhook");
}

/// What RFC 3986 allows in a URL as it is.
bool is_url_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 && (std::isalnum(byte) ||
                           std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(c) != std::string_view::npos);
}

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

/// Host, user and port, as written.
std::string authority_of(const std::string& url) {
    const std::size_t begin = url.find("://") + 3;
    return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

Origin parsed(const std::string& url) {
    try {
        return origin_of(url);
    } catch (const Error&) {
        refuse("must be an address such as https://example.org/hook");
    }
}

bool is_this_machine(const std::string& host) { return host == "localhost" || host.ends_with(".localhost"); }

}  // namespace

WebhookSecret WebhookSecret::parse(const std::string& text, const std::string& where) {
    std::string_view rest = text;
    if (rest.starts_with(kSecretPrefix)) rest.remove_prefix(kSecretPrefix.size());
    std::optional<std::string> key = parse_base64(rest);
    if (!key || key->size() < kMinKeyBytes || key->size() > kMaxKeyBytes)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} holds no webhook secret: expected whsec_ and {} to {} bytes in Base64",
                                where, kMinKeyBytes, kMaxKeyBytes));
    return WebhookSecret(std::move(*key));
}

WebhookSecret WebhookSecret::kept_in(const fs::path& file) {
    if (!fs::exists(file)) make_secret(file);
    warn_when_others_may_read(file);
    std::string text = read_text_file(file, kMaxSecretFileBytes);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
    return parse(text, file.string());
}

std::string WebhookSecret::signature(const std::string& id, std::int64_t unix_s,
                                     const std::string& body) const {
    return fmt::format("v1,{}", base64(hmac_sha256(key_, fmt::format("{}.{}.{}", id, unix_s, body))));
}

void check_webhook_url(const std::string& url, Reach reach) {
    if (url.size() > kMaxUrlBytes) refuse(fmt::format("is longer than {} bytes", kMaxUrlBytes));
    if (!std::all_of(url.begin(), url.end(), is_url_character))
        refuse("holds characters that no address has: write them as %XX");
    const std::string scheme = lower(url.substr(0, url.find(':')));
    if ((scheme != "http" && scheme != "https") || url.substr(scheme.size(), 3) != "://")
        refuse("must begin with https:// or http://");
    const std::string authority = authority_of(url);
    if (authority.empty()) refuse("names no host");
    if (authority.find('@') != std::string::npos)
        refuse("must not hold a user name or password: its messages are signed instead");
    std::string host = parsed(url).host;
    if (host.ends_with('.')) host.pop_back();
    if (reach == Reach::anywhere) return;
    if (is_this_machine(host) || !is_public_address(host).value_or(true))
        refuse(
            fmt::format("leads to {}, which is no address of the open internet (serve "
                        "--allow-private-webhooks allows it)",
                        host));
}

HttpPost webhook_message(const jobs::Delivery& delivery, const std::string& clip, const WebhookSecret& secret,
                         std::int64_t unix_s) {
    const std::chrono::system_clock::time_point at{std::chrono::milliseconds(delivery.at_ms)};
    const std::string id = fmt::format("msg_{}_{}", delivery.job, delivery.id);
    HttpPost message;
    message.url = delivery.url;
    message.body = fmt::format(R"({{"type":"clip.{}","timestamp":"{}","data":{}}})",
                               jobs::name_of(delivery.state), utc_time(at), clip);
    message.headers = {{"Content-Type", "application/json"},
                       {"webhook-id", id},
                       {"webhook-timestamp", std::to_string(unix_s)},
                       {"webhook-signature", secret.signature(id, unix_s, message.body)}};
    return message;
}

}  // namespace stillreel::server
