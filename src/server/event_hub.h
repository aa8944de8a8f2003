// One reader of the jobs' events for all who listen: every event is put into words once, however many streams
// it goes out on.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "jobs/job_store.h"
#include "server/http.h"
#include "studio/clip_service.h"

namespace stillreel::server {

class EventHub {
  public:
    EventHub(jobs::JobStore& store, studio::ClipService& clips);

    /// A Server-Sent Events stream. With Last-Event-ID it begins behind that event, or with "reset" when
    /// events in between are gone. Throws Refusal 503 when there are too many listeners.
    Response listen(const Request& request);
    /// Sends what is new.
    void poll();
    /// Sends a comment, which shows whether listeners are still there.
    void beat();
    void close();
    std::size_t listeners() const;

  private:
    std::string words(const std::vector<jobs::Event>& events);
    std::string catch_up(const std::string& last_known);
    void send(std::string text);

    jobs::JobStore& store_;
    studio::ClipService& clips_;
    mutable std::mutex mutex_;
    std::int64_t sent_;  // number of the last event that all listeners have
    std::vector<std::shared_ptr<EventStream>> streams_;
};

}  // namespace stillreel::server
