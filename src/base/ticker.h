// Something done again and again beside other work.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace stillreel {

/// Calls `tick` on a thread of its own, `period` after construction and after each call's end, until
/// destroyed; the destructor waits for a call under way. `tick` must not throw.
class Ticker {
  public:
    Ticker(std::chrono::milliseconds period, std::function<void()> tick);
    ~Ticker();
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stillreel
