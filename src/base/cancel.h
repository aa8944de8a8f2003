// Stopping long work on request: whoever may stop it holds the flag, whoever works looks at it between
// pieces.
#pragma once

#include <atomic>

namespace stillreel {

class CancelFlag {
  public:
    void request() { requested_.store(true, std::memory_order_relaxed); }
    bool requested() const { return requested_.load(std::memory_order_relaxed); }
    /// Throws Error cancelled once a stop was requested.
    void throw_if_requested() const;

  private:
    std::atomic<bool> requested_{false};
};

/// The flag that Ctrl-C, SIGTERM and SIGHUP set. The first call installs the handlers; a second Ctrl-C ends
/// the process at once.
CancelFlag& interrupt_flag();

}  // namespace stillreel
