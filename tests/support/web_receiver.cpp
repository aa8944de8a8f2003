#include "support/web_receiver.h"

#include <chrono>

namespace stillreel::testing {
namespace {

void pause_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

std::optional<ReceivedRequest> read_request(int socket) {
    std::string rest;
    auto head = receive_http_head(socket, rest);
    if (!head) return std::nullopt;
    const std::size_t length = std::stoul("0" + head->headers["content-length"]);
    while (rest.size() < length)
        if (!receive_more(socket, rest)) return std::nullopt;
    return ReceivedRequest{std::move(*head), rest.substr(0, length)};
}

bool send_all(int socket, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t sent = ::send(socket, text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        done += static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace

WebReceiver::WebReceiver(Answering answering)
    : answering_(std::move(answering)), listener_([this](int socket) { answer(socket); }) {}

std::string WebReceiver::url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
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
    while (answer.manner == Manner::never && !listener_.stopping() && !peer_gone(socket)) pause_ms(10);
    if (answer.manner == Manner::never) return;
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " x\r\nConnection: close\r\n";
    for (const auto& [name, value] : answer.headers) head += name + ": " + value + "\r\n";
    if (answer.manner == Manner::endless_head) {
        send_all(socket, head);
        while (!listener_.stopping() && send_all(socket, "X-More: " + std::string(1000, 'x') + "\r\n")) {
        }
        return;
    }
    if (answer.manner == Manner::well)
        head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    if (!send_all(socket, head + "\r\n" + answer.body)) return;
    while (answer.manner == Manner::endless_body && !listener_.stopping() &&
           send_all(socket, std::string(10'000, 'x'))) {
    }
}

}  // namespace stillreel::testing
