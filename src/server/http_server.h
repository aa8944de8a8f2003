// The HTTP library behind a narrow window: listens, reads requests within limits, hands them to one handler
// on a small crew of threads, and carries answers, files and event streams back. No thread waits for a
// client.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/http.h"

namespace stillreel::server {

struct HttpSettings {
    std::string address = "127.0.0.1";
    int port = 7860;  // 0: any free one
    int threads = 3;
    std::size_t max_connections = 1200;
    std::uint64_t max_body_bytes = (64u << 20) + (1u << 20);  // an upload and the form around it
    std::size_t max_url_bytes = 8192;
    std::size_t max_header_count = 64;
    std::size_t max_header_bytes = 8192;      // each
    std::chrono::seconds read_timeout{60};    // for a whole request, and between two of them
    std::chrono::seconds handle_timeout{60};  // until a handler answers; between two events of a stream
    std::chrono::seconds write_timeout{10};   // for an answer; files get more, by their size
    std::size_t max_stream_backlog_bytes = 256 << 10;  // of an event stream, before it is given up
};

class HttpServer {
  public:
    /// Listens; requests may arrive before this returns. Throws busy when the port is taken, invalid_argument
    /// when there is no such address here, io.
    static HttpServer start(const HttpSettings& settings, Handler handler);
    HttpServer(HttpServer&&) noexcept;
    HttpServer& operator=(HttpServer&&) noexcept;
    /// Ends all connections.
    ~HttpServer();

    int port() const;
    /// Calls `work` on one of the server's threads, again and again until stop(), never twice at a time.
    void every(std::chrono::milliseconds period, std::function<void()> work);
    /// No handler runs and none will, once this returns. Streams that are still held are dead.
    void stop();

  private:
    struct State;
    explicit HttpServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::server
