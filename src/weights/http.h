// HTTP GET as downloads need it: redirects, ranges, a token that stays with its host, cancelling. Plain http
// is spoken to this machine only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/cancel.h"
#include "base/error.h"

namespace stillreel::weights {

/// No answer, or one that broke off: what a second try may cure, or not.
class HttpFailure : public Error {
  public:
    enum class Cure { retry, none };
    HttpFailure(const std::string& message, Cure cure) : Error(ErrorCode::io, message), cure_(cure) {}
    Cure cure() const { return cure_; }

  private:
    Cure cure_;
};

struct HttpRequest {
    std::string url;
    std::string token;  // goes as a bearer to the url's own scheme, host and port, nowhere else; "": none
    std::uint64_t begin = 0;  // first byte wanted
    std::string if_range;     // ETag: bytes from `begin` only of that very content, else all of it
};

using HttpHeaders = std::map<std::string, std::string>;  // names in lower case

struct HttpReply {
    int status = 0;
    std::string host;     // that answered
    HttpHeaders headers;  // its own
    HttpHeaders first;    // of the first answer, before any redirect
};

struct HttpTimeouts {
    int connect_s = 30;
    int stall_s = 30;  // less than 100 bytes a second for so long counts as a broken connection
};

class HttpClient {
  public:
    explicit HttpClient(HttpTimeouts timeouts = {});
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;

    /// `headers` is told the final answer before its body; `body` gets the pieces of a 2xx body, and may
    /// throw, which ends the transfer. Throws HttpFailure, cancelled (within about a second), and what
    /// `headers` or `body` throw. Other statuses are returned, not thrown.
    HttpReply get(const HttpRequest& request, const std::function<void(const HttpReply&)>& headers,
                  const std::function<void(std::span<const char>)>& body, const CancelFlag* cancel);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The parts of a URL that decide who may see a token. Throws invalid_argument when it is no URL.
struct Origin {
    std::string scheme;
    std::string host;
    std::string port;
    friend bool operator==(const Origin&, const Origin&) = default;
};
Origin origin_of(const std::string& url);
/// This machine: localhost, 127.*, [::1].
bool is_loopback(const Origin& origin);

/// For a path or query: all but letters, digits, "-._~/" as %XX.
std::string percent_encoded(const std::string& text);

}  // namespace stillreel::weights
