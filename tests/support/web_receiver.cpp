#include "support/web_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace stillreel::testing {
namespace {

void pause_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

std::optional<ReceivedRequest> read_request(int socket) {
    std::string text;
    char buffer[4096];
    const auto more = [&] {
        const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
        if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
        return got > 0;
    };
    while (text.find("\r\n\r\n") == std::string::npos)
        if (!more()) return std::nullopt;
    const std::size_t end = text.find("\r\n\r\n") + 4;
    ReceivedRequest request;
    std::istringstream lines(text.substr(0, end));
    std::string line;
    lines >> request.method >> request.path;
    std::getline(lines, line);
    while (std::getline(lines, line) && line.size() > 1) {
        const auto colon = line.find(':');
        std::string name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(), ::tolower);
        const auto value = line.find_first_not_of(' ', colon + 1);
        request.headers[name] = line.substr(value, line.size() - 1 - value);
    }
    const std::size_t length = std::stoul("0" + request.headers["content-length"]);
    while (text.size() < end + length)
        if (!more()) return std::nullopt;
    request.body = text.substr(end, length);
    return request;
}

bool send_all(int socket, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t sent = ::send(socket, text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        done += static_cast<std::size_t>(sent);
    }
    return true;
}

bool peer_gone(int socket) {
    char byte;
    return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

WebReceiver::WebReceiver(Answering answering)
    : answering_(std::move(answering)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
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

WebReceiver::~WebReceiver() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& worker : workers_) worker.join();
    ::close(listener_);
}

std::string WebReceiver::url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<ReceivedRequest> WebReceiver::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

bool WebReceiver::wait_for(std::size_t count, double at_most_s) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(at_most_s);
    while (requests().size() < count) {
        if (std::chrono::steady_clock::now() > end) return false;
        pause_ms(5);
    }
    return true;
}

void WebReceiver::serve() {
    while (!stopping_) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) continue;
        workers_.emplace_back([this, socket] {
            answer(socket);
            ::shutdown(socket, SHUT_WR);
            ::close(socket);
        });
    }
}

void WebReceiver::answer(int socket) {
    using Manner = ReceiverAnswer::Manner;
    const std::optional<ReceivedRequest> request = read_request(socket);
    if (!request) return;
    int before = 0;
    {
        const std::lock_guard lock(mutex_);
        before = static_cast<int>(requests_.size());
        requests_.push_back(*request);
    }
    const ReceiverAnswer answer = answering_ ? answering_(*request, before) : ReceiverAnswer{};
    if (answer.manner == Manner::hang_up) return;
    while (answer.manner == Manner::never && !stopping_ && !peer_gone(socket)) pause_ms(10);
    if (answer.manner == Manner::never) return;
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " x\r\nConnection: close\r\n";
    for (const auto& [name, value] : answer.headers) head += name + ": " + value + "\r\n";
    if (answer.manner == Manner::endless_head) {
        send_all(socket, head);
        while (!stopping_ && send_all(socket, "X-More: " + std::string(1000, 'x') + "\r\n")) {
        }
        return;
    }
    if (answer.manner == Manner::well)
        head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    if (!send_all(socket, head + "\r\n" + answer.body)) return;
    while (answer.manner == Manner::endless_body && !stopping_ &&
           send_all(socket, std::string(10'000, 'x'))) {
    }
}

}  // namespace stillreel::testing
