// A disk that is full, on any machine.
#pragma once

#include <sys/resource.h>

#include <csignal>

namespace stillreel::testing {

/// While it lives, no file of this process grows beyond `bytes`: to the writer that is a full disk.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) : signal_before_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, signal_before_);
    }

  private:
    rlimit before_{};
    void (*signal_before_)(int);
};

}  // namespace stillreel::testing
