// Requests and answers as the rest of this room sees them: plain values, whatever library carries them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace stillreel::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method;  // "GET"
    std::string path;    // as sent, up to the '?'
    std::string query;   // as sent, behind the '?'
    Headers headers;     // names in lower case
    std::string body;
    std::map<std::string, std::string> parameters;  // of the route: {id} and so on, decoded
    std::string route;                              // the pattern that was met

    /// The first of that name (lower case), or empty.
    std::string_view header(std::string_view name) const;
    int count(std::string_view name) const;
};

/// A file open for reading. It was opened inside of its root: see open_inside().
class OpenFile {
  public:
    OpenFile(int descriptor, std::uint64_t bytes, std::int64_t modified_ns)
        : descriptor_(descriptor), bytes_(bytes), modified_ns_(modified_ns) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile();

    int descriptor() const { return descriptor_; }
    std::uint64_t bytes() const { return bytes_; }
    std::int64_t modified_ns() const { return modified_ns_; }

  private:
    int descriptor_;
    std::uint64_t bytes_;
    std::int64_t modified_ns_;
};

/// Opens `root`/`name`. Throws not_found for a name that leaves the root (.., absolute, backslash, zero byte,
/// a symbolic link anywhere in it), for what is not a regular file, and for what is not there.
std::shared_ptr<OpenFile> open_inside(const std::filesystem::path& root, std::string_view name);

struct FileSlice {
    std::shared_ptr<OpenFile> file;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

/// An answer without an end. Any thread may send.
class EventStream {
  public:
    virtual ~EventStream() = default;
    /// False when nobody listens any more, or so slowly that the stream was given up.
    virtual bool send(const std::shared_ptr<const std::string>& text) = 0;
    virtual void close() = 0;
};

struct Response {
    int status = 200;
    Headers headers;
    std::string body;
    std::optional<FileSlice> file;  // instead of body
    /// Instead of both: called once with the stream, whose first bytes are `body`.
    std::function<void(std::shared_ptr<EventStream>)> stream;
};

/// Called once, by any thread.
using Reply = std::function<void(Response)>;
using Handler = std::function<void(const Request&, const Reply&)>;

/// An Error whose status is not the one of its code, or that needs headers of its own.
class Refusal : public Error {
  public:
    Refusal(int status, ErrorCode code, const std::string& message, Headers headers = {})
        : Error(code, message), status_(status), headers_(std::move(headers)) {}
    int status() const { return status_; }
    const Headers& headers() const { return headers_; }

  private:
    int status_;
    Headers headers_;
};

/// Runs `work`; what it throws becomes the answer.
void answering(const Reply& reply, const std::function<void()>& work);

Response json_response(int status, std::string body, Headers headers = {});

/// problem+json (RFC 9457): title, status, detail, and our own `code` and `field`.
Response problem(const Error& error);
/// The table of docs/architecture.md, section 5.
int status_of(ErrorCode code);
std::string_view reason_of(int status);

}  // namespace stillreel::server
