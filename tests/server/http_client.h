// A client that sends exactly the bytes it is told to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace stillreel::testing {

struct Answer {
    int status = 0;                              // 0: the connection was closed without an answer
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;

    nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
    std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
};

class Connection {
  public:
    explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_port = htons(static_cast<std::uint16_t>(port));
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
            throw std::runtime_error("cannot connect");
    }
    ~Connection() { ::close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int socket() const { return socket_; }

    bool send(const std::string& bytes) const {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) return false;
            sent += static_cast<std::size_t>(count);
        }
        return true;
    }

    /// Whatever comes until `enough` is among it, the other side closes, or the time is over.
    std::string read_until(const std::string& enough, int at_most_ms = 5000) {
        while (buffer_.find(enough) == std::string::npos && read_more(at_most_ms)) {
        }
        return buffer_;
    }

    bool read_more(int at_most_ms) {
        pollfd waiting{socket_, POLLIN, 0};
        if (::poll(&waiting, 1, at_most_ms) <= 0) return false;
        char bytes[65536];
        const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
        closed_ = count <= 0;
        if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
        return count > 0;
    }
    bool closed() const { return closed_; }

    Answer read_answer(int at_most_ms = 10000, const std::string& method = "GET") {
        read_until("\r\n\r\n", at_most_ms);
        Answer answer;
        const auto end = buffer_.find("\r\n\r\n");
        if (end == std::string::npos) return answer;
        answer.status = std::stoi(buffer_.substr(9, 3));
        std::size_t at = buffer_.find("\r\n") + 2;
        while (at < end + 2) {
            const auto line_end = buffer_.find("\r\n", at);
            const std::string line = buffer_.substr(at, line_end - at);
            const auto colon = line.find(':');
            std::string name = line.substr(0, colon);
            std::transform(name.begin(), name.end(), name.begin(), ::tolower);
            answer.headers[name] = line.substr(std::min(line.size(), colon + 2));
            at = line_end + 2;
        }
        const std::size_t length = method == "HEAD" ? 0 : std::stoul("0" + answer.header("content-length"));
        while (buffer_.size() < end + 4 + length && read_more(at_most_ms)) {
        }
        answer.body = buffer_.substr(end + 4, length);
        buffer_.erase(0, end + 4 + length);
        return answer;
    }

  private:
    int socket_;
    bool closed_ = false;
    std::string buffer_;
};

using HeaderList = std::map<std::string, std::string>;

/// One request on a connection of its own. Host is localhost, unless headers say otherwise.
inline Answer ask(int port, const std::string& method, const std::string& target,
                  const std::string& body = "", HeaderList headers = {}) {
    Connection connection(port);
    if (!headers.contains("Host")) headers["Host"] = "localhost:" + std::to_string(port);
    if (!body.empty() && !headers.contains("Content-Type")) headers["Content-Type"] = "application/json";
    std::string text = method + " " + target + " HTTP/1.1\r\nConnection: close\r\n";
    for (const auto& [name, value] : headers)
        if (!value.empty()) text += name + ": " + value + "\r\n";
    if (!body.empty() || method != "GET") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    connection.send(text + "\r\n" + body);
    return connection.read_answer(10000, method);
}

struct Part {
    std::string name, filename, content;
};

inline Answer send_form(int port, const std::string& target, const std::vector<Part>& parts,
                        HeaderList headers = {}) {
    std::string body;
    for (const Part& part : parts) {
        body += "--frontier\r\nContent-Disposition: form-data; name=\"" + part.name + "\"";
        if (!part.filename.empty()) body += "; filename=\"" + part.filename + "\"";
        body += "\r\n\r\n" + part.content + "\r\n";
    }
    body += "--frontier--\r\n";
    headers["Content-Type"] = "multipart/form-data; boundary=frontier";
    return ask(port, "POST", target, body, headers);
}

}  // namespace stillreel::testing
