// Threads that divide a product among them, each with memory of its own for the while of a task.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/cancel.h"
#include "base/threads.h"

namespace stillreel::tensor {

template <class Scratch>
class Workers {
  public:
    /// Both must outlive the object; `cancel` may be null.
    Workers(ThreadPool& pool, const CancelFlag* cancel) : pool_(pool), cancel_(cancel) {}

    ThreadPool& pool() { return pool_; }
    const CancelFlag* cancel() const { return cancel_; }

    /// work(task, scratch) for 0 ... tasks - 1, cancel looked at before each.
    template <class Work>
    void parallel(std::int64_t tasks, const Work& work) {
        pool_.parallel_for(static_cast<int>(tasks), [&](int task) {
            if (cancel_) cancel_->throw_if_requested();
            std::unique_ptr<Scratch> scratch = take();
            work(task, *scratch);
            put_back(std::move(scratch));
        });
    }

  private:
    std::unique_ptr<Scratch> take() {
        const std::lock_guard lock(mutex_);
        if (idle_.empty()) return std::make_unique<Scratch>();
        std::unique_ptr<Scratch> scratch = std::move(idle_.back());
        idle_.pop_back();
        return scratch;
    }
    void put_back(std::unique_ptr<Scratch> scratch) {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(scratch));
    }

    ThreadPool& pool_;
    const CancelFlag* cancel_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Scratch>> idle_;
};

}  // namespace stillreel::tensor
