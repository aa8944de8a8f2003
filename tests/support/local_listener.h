// Connections to a free port of this machine, for the servers that tests talk to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace stillreel::testing {

/// Answers each connection on a thread of its own and closes it then.
class LocalListener {
  public:
    explicit LocalListener(std::function<void(int socket)> answer)
        : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 16) != 0 ||
            ::getsockname(listener_, generic, &length) != 0)
            throw std::runtime_error("cannot listen on 127.0.0.1");
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { serve(); });
    }
    ~LocalListener() {
        stopping_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        for (std::thread& worker : workers_) worker.join();
        ::close(listener_);
    }
    LocalListener(const LocalListener&) = delete;
    LocalListener& operator=(const LocalListener&) = delete;

    int port() const { return port_; }
    /// Answers that take long look at this.
    bool stopping() const { return stopping_; }

  private:
    void serve() {
        while (!stopping_) {
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) continue;
            workers_.emplace_back([this, socket] {
                answer_(socket);
                ::shutdown(socket, SHUT_WR);
                ::close(socket);
            });
        }
    }

    std::function<void(int)> answer_;
    int listener_ = -1, port_ = 0;
    std::atomic<bool> stopping_{false};
    std::vector<std::thread> workers_;
    std::thread acceptor_;
};

/// Appends what comes next; false when nothing does.
inline bool receive_more(int socket, std::string& text) {
    char buffer[4096];
    const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
}

inline bool peer_gone(int socket) {
    char byte;
    return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

struct HttpHead {
    std::string method, path;
    std::map<std::string, std::string> headers;  // names in lower case
};

/// Nothing when the connection ends before. What was received behind the head stays in `rest`.
inline std::optional<HttpHead> receive_http_head(int socket, std::string& rest) {
    while (rest.find("\r\n\r\n") == std::string::npos)
        if (!receive_more(socket, rest)) return std::nullopt;
    const std::size_t end = rest.find("\r\n\r\n") + 4;
    std::istringstream lines(rest.substr(0, end));
    rest.erase(0, end);
    HttpHead head;
    std::string line;
    lines >> head.method >> head.path;
    std::getline(lines, line);
    while (std::getline(lines, line) && line.size() > 1) {
        const auto colon = line.find(':');
        std::string name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const auto value = line.find_first_not_of(' ', colon + 1);
        head.headers[name] = line.substr(value, line.size() - 1 - value);
    }
    return head;
}

}  // namespace stillreel::testing
