// A web server on this machine that takes down every request, body included, and answers as it is told.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace stillreel::testing {

struct ReceivedRequest {
    std::string method, path;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

struct ReceiverAnswer {
    int status = 200;
    std::map<std::string, std::string> headers = {};
    std::string body = {};
    enum class Manner { well, never, endless_body, endless_head, hang_up } manner = Manner::well;
};

class WebReceiver {
  public:
    /// Called for each request, with how many came before it.
    using Answering = std::function<ReceiverAnswer(const ReceivedRequest&, int before)>;

    explicit WebReceiver(Answering answering = {});
    ~WebReceiver();
    WebReceiver(const WebReceiver&) = delete;
    WebReceiver& operator=(const WebReceiver&) = delete;

    int port() const { return port_; }
    /// "http://127.0.0.1:PORT" + path.
    std::string url(const std::string& path = "/") const;
    std::vector<ReceivedRequest> requests() const;
    /// Waits until so many came; false when they do not within `at_most_s`.
    bool wait_for(std::size_t count, double at_most_s = 10) const;

  private:
    void serve();
    void answer(int socket);

    Answering answering_;
    int listener_ = -1, port_ = 0;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    std::vector<ReceivedRequest> requests_;
    std::vector<std::thread> workers_;
    std::thread acceptor_;
};

}  // namespace stillreel::testing
