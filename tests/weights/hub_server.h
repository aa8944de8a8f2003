// A small Hub on this machine: lists files, redirects large ones to another host name, answers ranges, and
// misbehaves on request.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "support/local_listener.h"

namespace stillreel::testing {

/// What it does instead of answering well.
struct Fault {
    enum class Kind {
        status,
        cut,
        wrong_bytes,
        other_size,
        endless,
        stall,
        ignore_range,
        wrong_range,
        redirect
    };
    Kind kind;
    int status = 200;                                 // status
    std::map<std::string, std::string> headers = {};  // status, redirect
    std::size_t after = 0;                            // cut, stall: bytes of the body sent before
};

struct SeenRequest {
    std::string host;  // "127.0.0.1", without the port
    std::string path;
    std::map<std::string, std::string> headers;  // lower case
};

class HubServer {
  public:
    enum class Storage { git, large };

    HubServer();

    /// "http://127.0.0.1:PORT".
    std::string url() const;
    int port() const { return listener_.port(); }

    /// Of the one repository "ali-vilab/i2vgen-xl" at its revision main.
    void add(const std::string& path, const std::string& content, Storage storage);
    void remove(const std::string& path);
    /// The next `times` requests whose path contains `part`; -1: all.
    void misbehave(const std::string& part, const Fault& fault, int times = 1);
    /// Without this everybody may read.
    void require_token(const std::string& token);
    /// Milliseconds between pieces of 16 KiB of a body.
    void slow_down(int ms) { pause_ms_ = ms; }

    std::vector<SeenRequest> requests() const;
    /// Those whose path contains `part`.
    std::vector<SeenRequest> requests(const std::string& part) const;
    void forget_requests();

  private:
    struct Stored {
        std::string content;
        Storage storage;
    };
    struct Planned {
        std::string part;
        Fault fault;
        int times;
    };
    class Connection;

    void answer(int socket);
    std::string listing() const;

    std::atomic<int> pause_ms_{0};
    mutable std::mutex mutex_;
    std::map<std::string, Stored> files_;
    std::vector<Planned> faults_;
    std::vector<SeenRequest> requests_;
    std::string token_;
    LocalListener listener_;  // the last: its threads use the others
};

}  // namespace stillreel::testing
