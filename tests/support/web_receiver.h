// A web server on this machine that takes down every request, body included, and answers as it is told.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "support/local_listener.h"

namespace stillreel::testing {

struct ReceivedRequest : HttpHead {
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

    int port() const { return listener_.port(); }
    /// "http://127.0.0.1:PORT" + path.
    std::string url(const std::string& path = "/") const;
    std::vector<ReceivedRequest> requests() const;
    /// Waits until so many came; false when they do not within `at_most_s`.
    bool wait_for(std::size_t count, double at_most_s = 10) const;

  private:
    void answer(int socket);

    Answering answering_;
    mutable std::mutex mutex_;
    std::vector<ReceivedRequest> requests_;
    LocalListener listener_;  // the last: its threads use the others
};

}  // namespace stillreel::testing
