// Who may talk to the server: the right host name, the right origin, and the token where there is one.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "server/http.h"

namespace stillreel::server {

constexpr std::size_t kMinTokenBytes = 16;

struct AccessRules {
    std::string listen = "127.0.0.1";  // an IP address
    std::string token;                 // empty: none needed
    std::string public_url;            // "https://clips.example.org"; empty: none
};

/// Throws invalid_argument: no IP address, an address beyond this machine without a token, a token that is
/// too short, a public URL that is not http(s)://host[:port].
void check_rules(const AccessRules& rules);

/// True for 127.0.0.0/8 and ::1.
bool is_loopback(std::string_view address);

/// Takes as long for equal texts as for different ones.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// 256 random bits from the operating system, as hex.
std::string random_secret();

class Access {
  public:
    /// Throws as check_rules().
    explicit Access(AccessRules rules);

    /// Throws Refusal 403: a Host that is not ours (DNS rebinding), an Origin that is not ours (a page of
    /// somebody else). 400 when there is no Host or more than one.
    void check_origin(const Request& request) const;

    bool needs_token() const { return !rules_.token.empty(); }
    /// By Bearer token or by session cookie.
    bool is_insider(const Request& request);
    /// Throws Refusal 401.
    void demand_insider(const Request& request);

    /// The Set-Cookie header of a new session. Throws Refusal 401 for a wrong token, 429 after too many of
    /// them.
    std::string log_in(std::string_view token);
    /// The Set-Cookie header that ends the session.
    std::string log_out(const Request& request);

  private:
    std::string cookie_of(std::string_view session, long max_age_s) const;

    AccessRules rules_;
    std::mutex mutex_;
    std::map<std::string, std::int64_t> sessions_;  // digest of the session -> its end in steady seconds
    int failures_ = 0;                              // of the last minute
    std::int64_t failures_since_s_ = 0;
};

}  // namespace stillreel::server
