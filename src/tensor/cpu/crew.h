// The threads that kernels share, the flag that stops them and memory for the while of an operation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/cancel.h"
#include "base/threads.h"
#include "tensor/tensor.h"

namespace stillreel::tensor {

class Crew {
  public:
    /// `cancel` may be null and must outlive the crew.
    Crew(int threads, const CancelFlag* cancel) : pool_(threads), cancel_(cancel) {}

    ThreadPool& pool() { return pool_; }
    const CancelFlag* cancel() const { return cancel_; }
    void throw_if_cancelled() const {
        if (cancel_) cancel_->throw_if_requested();
    }

    /// Not set to anything, aligned to 64 bytes; used again by later operations. From any thread.
    std::shared_ptr<float> scratch(std::int64_t floats) { return memory_->allocate(floats); }

    /// work(0) ... work(count - 1), each by one thread, cancel looked at before each. A single piece is done
    /// by the caller, without waking anybody.
    template <class Work>
    void for_each(std::int64_t count, const Work& work) {
        if (count == 1) {
            throw_if_cancelled();
            return work(std::int64_t{0});
        }
        pool_.parallel_for(static_cast<int>(count), [&](int piece) {
            throw_if_cancelled();
            work(std::int64_t{piece});
        });
    }

    /// work(begin, end) over 0 ... count in pieces of `size`, the last one smaller: the pieces do not depend
    /// on the number of threads.
    template <class Work>
    void for_each_piece(std::int64_t count, std::int64_t size, const Work& work) {
        for_each((count + size - 1) / size,
                 [&](std::int64_t piece) { work(piece * size, std::min(count, (piece + 1) * size)); });
    }

  private:
    ThreadPool pool_;
    const CancelFlag* cancel_;
    std::shared_ptr<Pool> memory_ = Pool::create(Pool::Kind::memory);
};

}  // namespace stillreel::tensor
