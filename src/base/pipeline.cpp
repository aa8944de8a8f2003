#include "base/pipeline.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "base/check.h"

namespace stillreel {
namespace {

struct Line {
    std::mutex mutex;
    std::condition_variable changed;
    int produced = 0;
    int consumed = 0;
    std::exception_ptr failure;

    /// Waits until `ready` holds; false when the line was stopped instead.
    template <class Ready>
    bool wait(const Ready& ready) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return failure || ready(); });
        return !failure;
    }

    void advance(int& counter) {
        {
            const std::lock_guard lock(mutex);
            ++counter;
        }
        changed.notify_all();
    }

    void fail(std::exception_ptr what) {
        {
            const std::lock_guard lock(mutex);
            if (!failure) failure = what;
        }
        changed.notify_all();
    }
};

}  // namespace

void overlap(int count, int slots, const std::function<void(int, int)>& produce,
             const std::function<void(int, int)>& consume) {
    STILLREEL_CHECK(slots >= 1);
    Line line;
    std::thread consumer([&] {
        try {
            for (int i = 0; i < count; ++i) {
                if (!line.wait([&] { return line.produced > i; })) return;
                consume(i, i % slots);
                line.advance(line.consumed);
            }
        } catch (...) {
            line.fail(std::current_exception());
        }
    });
    try {
        for (int i = 0; i < count; ++i) {
            if (!line.wait([&] { return i - line.consumed < slots; })) break;
            produce(i, i % slots);
            line.advance(line.produced);
        }
    } catch (...) {
        line.fail(std::current_exception());
    }
    consumer.join();
    if (line.failure) std::rethrow_exception(line.failure);
}

}  // namespace stillreel
