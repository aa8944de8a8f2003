#include "base/threads.h"

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"

namespace stillreel {

int available_threads() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

struct ThreadPool::State {
    std::vector<std::thread> workers;
    std::mutex mutex;
    std::condition_variable begin;
    std::condition_variable end;
    const std::function<void(int)>* work = nullptr;
    int count = 0;
    std::atomic<int> next{0};
    int running = 0;
    std::uint64_t round = 0;
    bool stopping = false;
    std::exception_ptr failure;

    void take_pieces() {
        for (;;) {
            const int piece = next.fetch_add(1, std::memory_order_relaxed);
            if (piece >= count) return;
            try {
                (*work)(piece);
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!failure) failure = std::current_exception();
                next.store(count, std::memory_order_relaxed);
            }
        }
    }

    void worker() {
        std::uint64_t seen = 0;
        for (;;) {
            {
                std::unique_lock lock(mutex);
                begin.wait(lock, [&] { return stopping || round != seen; });
                if (stopping) return;
                seen = round;
            }
            take_pieces();
            const std::lock_guard lock(mutex);
            if (--running == 0) end.notify_one();
        }
    }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
    STILLREEL_CHECK(threads >= 1);
    for (int i = 1; i < threads; ++i) state_->workers.emplace_back([state = state_.get()] { state->worker(); });
}

ThreadPool::~ThreadPool() {
    if (!state_) return;
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->begin.notify_all();
    for (std::thread& worker : state_->workers) worker.join();
}

ThreadPool::ThreadPool(ThreadPool&&) noexcept = default;
ThreadPool& ThreadPool::operator=(ThreadPool&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::parallel_for(int count, const std::function<void(int)>& work) {
    if (count <= 0) return;
    State& state = *state_;
    {
        const std::lock_guard lock(state.mutex);
        state.work = &work;
        state.count = count;
        state.next.store(0, std::memory_order_relaxed);
        state.running = static_cast<int>(state.workers.size());
        state.failure = nullptr;
        ++state.round;
    }
    state.begin.notify_all();
    state.take_pieces();
    std::unique_lock lock(state.mutex);
    state.end.wait(lock, [&] { return state.running == 0; });
    if (state.failure) std::rethrow_exception(state.failure);
}

}  // namespace stillreel
