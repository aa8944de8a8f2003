#include "server/access.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "server/http_text.h"

namespace stillreel::server {
namespace {

constexpr std::string_view kCookie = "stillreel_session";
constexpr long kSessionSeconds = 30l * 24 * 3600;
constexpr std::size_t kMaxSessions = 1000;
constexpr int kMaxFailuresAMinute = 20;

std::int64_t steady_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::string lowered(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool is_address(const std::string& text) {
    in6_addr scratch{};
    return inet_pton(AF_INET, text.c_str(), &scratch) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &scratch) == 1;
}

/// "[::1]:7860" -> "::1", "example.org:80" -> "example.org".
std::string host_name(std::string_view host) {
    if (host.starts_with('[')) return lowered(host.substr(1, host.find(']') - 1));
    return lowered(host.substr(0, host.find(':')));
}

/// "https://a.example:8443/x" -> "https://a.example:8443"; empty when it is no such address.
std::string origin_of(std::string_view url) {
    const std::string text = lowered(url);
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!text.starts_with(scheme)) continue;
        const std::string_view rest = std::string_view(text).substr(scheme.size());
        const std::string_view host = rest.substr(0, rest.find('/'));
        const bool plain = host.find_first_of("@?# \\") == std::string_view::npos;
        if (host.empty() || !plain) return {};
        return std::string(scheme) + std::string(host);
    }
    return {};
}

std::string host_of_origin(std::string_view origin) {
    const auto slashes = origin.find("://");
    return slashes == std::string_view::npos ? std::string() : std::string(origin.substr(slashes + 3));
}

}  // namespace

bool is_loopback(std::string_view address) {
    const std::string text(address);
    in_addr v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    in6_addr v6{};
    return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    // Digests have one length, so that not even the length of the secret shows.
    const std::string x = sha256_hex(a), y = sha256_hex(b);
    unsigned different = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        different |= static_cast<unsigned char>(x[i]) ^ static_cast<unsigned char>(y[i]);
    return different == 0;
}

std::string random_secret() {
    unsigned char bytes[32];
    if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
        throw Error(ErrorCode::io, "the system gives no random numbers");
    std::string hex;
    for (const unsigned char byte : bytes) hex += fmt::format("{:02x}", byte);
    return hex;
}

void check_rules(const AccessRules& rules) {
    if (!is_address(rules.listen))
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("--listen must be an IP address such as 127.0.0.1 or 0.0.0.0, not \"{}\"",
                                rules.listen));
    if (rules.token.empty() && !is_loopback(rules.listen))
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("listening on {} lets other machines in: give a --token of at least {} "
                                "characters, or listen on 127.0.0.1",
                                rules.listen, kMinTokenBytes));
    if (!rules.token.empty() && rules.token.size() < kMinTokenBytes)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("the token must have at least {} characters, not {}", kMinTokenBytes,
                                rules.token.size()));
    if (!rules.public_url.empty() && origin_of(rules.public_url).empty())
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("--public-url must look like https://clips.example.org, not \"{}\"",
                                rules.public_url));
}

Access::Access(AccessRules rules) : rules_(std::move(rules)) { check_rules(rules_); }

void Access::check_origin(const Request& request) const {
    if (request.count("host") != 1 || request.header("host").empty())
        throw Refusal(400, ErrorCode::invalid_argument, "the request must name one host");
    const std::string host = lowered(request.header("host"));
    const std::string name = host_name(host);
    const std::string public_origin = origin_of(rules_.public_url);
    // A page of somebody else that points its own name at this machine (DNS rebinding) sends that name.
    const bool ours = name == "localhost" || is_loopback(name) || host == host_of_origin(public_origin) ||
                      (!is_loopback(rules_.listen) && is_address(name));
    if (!ours)
        throw Refusal(403, ErrorCode::unauthorized,
                      "this server does not answer to that host name: start it with --public-url");
    if (request.count("origin") == 0) return;
    const std::string origin = lowered(request.header("origin"));
    const bool same = host_of_origin(origin) == host && !origin.empty();
    if (!same && (public_origin.empty() || origin != public_origin))
        throw Refusal(403, ErrorCode::unauthorized, "requests from pages of other sites are refused");
}

bool Access::is_insider(const Request& request) {
    if (!needs_token()) return true;
    const std::string_view bearer = request.header("authorization");
    if (bearer.size() > 7 && lowered(bearer.substr(0, 7)) == "bearer ")
        return equal_in_constant_time(bearer.substr(7), rules_.token);
    const std::string_view session = cookie(request, kCookie);
    if (session.empty()) return false;
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(sha256_hex(session));
    return found != sessions_.end() && found->second > steady_seconds();
}

void Access::demand_insider(const Request& request) {
    if (is_insider(request)) return;
    throw Refusal(401, ErrorCode::unauthorized,
                  "this server needs its token: log in, or send `Authorization: Bearer TOKEN`",
                  {{"WWW-Authenticate", "Bearer"}});
}

std::string Access::cookie_of(std::string_view session, long max_age_s) const {
    const bool secure = rules_.public_url.starts_with("https://");
    return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", kCookie, session, max_age_s,
                       secure ? "; Secure" : "");
}

std::string Access::log_in(std::string_view token) {
    const std::lock_guard lock(mutex_);
    const std::int64_t now = steady_seconds();
    if (now - failures_since_s_ >= 60) {
        failures_ = 0;
        failures_since_s_ = now;
    }
    if (failures_ >= kMaxFailuresAMinute)
        throw Refusal(429, ErrorCode::busy, "too many wrong tokens: wait for a minute",
                      {{"Retry-After", "60"}});
    if (!needs_token() || !equal_in_constant_time(token, rules_.token)) {
        ++failures_;
        throw Refusal(401, ErrorCode::unauthorized, "this is not the server's token",
                      {{"WWW-Authenticate", "Bearer"}});
    }
    std::erase_if(sessions_, [&](const auto& entry) { return entry.second <= now; });
    if (sessions_.size() >= kMaxSessions) sessions_.erase(sessions_.begin());
    const std::string session = random_secret();
    sessions_[sha256_hex(session)] = now + kSessionSeconds;
    return cookie_of(session, kSessionSeconds);
}

std::string Access::log_out(const Request& request) {
    const std::lock_guard lock(mutex_);
    sessions_.erase(sha256_hex(cookie(request, kCookie)));
    return cookie_of("", 0);
}

}  // namespace stillreel::server
