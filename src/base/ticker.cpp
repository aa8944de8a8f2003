#include "base/ticker.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace stillreel {

struct Ticker::State {
    std::mutex mutex;
    std::condition_variable ending;
    bool ended = false;
    std::thread thread;
};

Ticker::Ticker(std::chrono::milliseconds period, std::function<void()> tick)
    : state_(std::make_unique<State>()) {
    state_->thread = std::thread([state = state_.get(), period, tick = std::move(tick)] {
        std::unique_lock lock(state->mutex);
        while (!state->ending.wait_for(lock, period, [state] { return state->ended; })) {
            lock.unlock();
            tick();
            lock.lock();
        }
    });
}

Ticker::~Ticker() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->ended = true;
    }
    state_->ending.notify_all();
    state_->thread.join();
}

}  // namespace stillreel
