// Waiting for what other threads and processes do.
#pragma once

#include <chrono>
#include <thread>

namespace stillreel::testing {

/// Whether it becomes true in time. `at_most` is what a broken test takes, not what the program may.
template <class Condition>
bool eventually(const Condition& condition, std::chrono::seconds at_most = std::chrono::seconds(60)) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace stillreel::testing
