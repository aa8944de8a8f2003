// HTTP as a client. GET as downloads need it: redirects, ranges, a token that stays with its host, and plain
// http to this machine only. POST as webhooks need it: one message to an address that a stranger may have
// chosen.
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

namespace stillreel {

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
    std::string advice;       // what helps when the host cannot be reached; "": nothing
};

using HttpHeaders = std::map<std::string, std::string>;  // names in lower case

struct HttpReply {
    int status = 0;
    std::string host;     // that answered
    HttpHeaders headers;  // its own
    HttpHeaders first;    // of the first answer, before any redirect
};

/// Machines that may be connected to.
enum class Reach { anywhere, public_only };

struct HttpPost {
    std::string url;
    HttpHeaders headers;
    std::string body;
    int timeout_s = 10;  // for the whole exchange
    Reach reach = Reach::public_only;
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

    /// Sends the message to the host of the URL itself: no redirect is followed, no proxy asked, nothing of
    /// the answer kept but status and headers. With Reach::public_only, every address that is connected to
    /// must be of the open internet, whatever the name resolves to (base/network_address.h). Throws
    /// HttpFailure, cancelled (within about a second), invalid_argument: no URL, another scheme than http and
    /// https, an address that is out of reach.
    HttpReply post(const HttpPost& message, const CancelFlag* cancel);

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

}  // namespace stillreel
