// A fixed crew of threads for work that falls into independent pieces.
#pragma once

#include <functional>
#include <memory>

namespace stillreel {

/// Cores that this process may run on (its affinity mask, not the machine's size). At least 1.
int available_threads();

/// `threads` workers, the caller among them. One caller at a time.
class ThreadPool {
  public:
    /// threads >= 1.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(ThreadPool&&) noexcept;
    ThreadPool& operator=(ThreadPool&&) noexcept;

    int threads() const;

    /// Calls work(0) ... work(count - 1), each once, in any order and on any thread, and returns when all are done.
    /// Results must not depend on order or thread: that is what keeps frames equal for any thread count.
    /// The first exception is rethrown here after the running pieces have ended; pieces not begun are dropped.
    void parallel_for(int count, const std::function<void(int)>& work);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stillreel
