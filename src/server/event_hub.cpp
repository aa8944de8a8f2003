#include "server/event_hub.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "studio/model_pulls.h"

namespace stillreel::server {
namespace {

constexpr std::size_t kMaxListeners = 1000;
constexpr int kReplayLimit = 2000;

std::string message(std::int64_t number, std::string_view event, std::string_view data) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", number, event, data);
}

}  // namespace

EventHub::EventHub(jobs::JobStore& store, studio::ClipService& clips)
    : store_(store), clips_(clips), sent_(store.last_event()) {}

/// Of several events of one job the last one is told: each carries the whole clip.
std::string EventHub::words(const std::vector<jobs::Event>& events) {
    std::map<std::string, jobs::Event> last_of;
    for (const jobs::Event& event : events) {
        jobs::Event& last = last_of[event.job];
        const bool created = last.kind == "created" && event.kind != "deleted";
        last = event;
        if (created) last.kind = "created";
    }
    std::vector<jobs::Event> told;
    for (const auto& [job, event] : last_of) told.push_back(event);
    std::sort(told.begin(), told.end(),
              [](const jobs::Event& a, const jobs::Event& b) { return a.number < b.number; });

    std::vector<jobs::Job> found;
    std::vector<jobs::Event> about;
    std::map<std::int64_t, std::string> texts;
    for (const jobs::Event& event : told) {
        if (event.job.empty()) {
            texts[event.number] = message(
                event.number, "queue", fmt::format("{{\"paused\":{}}}", store_.paused() ? "true" : "false"));
            continue;
        }
        const auto job = store_.find(event.job);
        if (!job || job->deleted()) {
            texts[event.number] =
                message(event.number, "deleted", fmt::format("{{\"id\":\"{}\"}}", event.job));
        } else if (job->lane == studio::kPullLane) {
            texts[event.number] = message(event.number, "pull", studio::pull_view(*job));
        } else if (job->lane == jobs::kRenderLane) {
            found.push_back(*job);
            about.push_back(event);
        }
    }
    if (!found.empty()) {
        const std::vector<std::string> views = clips_.views(found);
        for (std::size_t i = 0; i < views.size(); ++i)
            texts[about[i].number] =
                message(about[i].number, "clip",
                        fmt::format("{{\"kind\":\"{}\",\"clip\":{}}}", about[i].kind, views[i]));
    }
    std::string all;
    for (const auto& [number, text] : texts) all += text;
    return all;
}

std::string EventHub::catch_up(const std::string& last_known) {
    if (last_known.empty()) return message(sent_, "hello", "{}");
    std::int64_t number = -1;
    const char* end = last_known.data() + last_known.size();
    const auto parsed = std::from_chars(last_known.data(), end, number);
    const bool sound = parsed.ec == std::errc{} && parsed.ptr == end && number >= 0;
    if (!sound || number > sent_ || number < store_.trimmed_up_to()) return message(sent_, "reset", "{}");
    std::vector<jobs::Event> events = store_.events_after(number, kReplayLimit);
    std::erase_if(events, [&](const jobs::Event& event) { return event.number > sent_; });
    if (events.size() == kReplayLimit) return message(sent_, "reset", "{}");
    return message(number, "hello", "{}") + words(events);
}

Response EventHub::listen(const Request& request) {
    if (listeners() >= kMaxListeners)
        throw Refusal(503, ErrorCode::busy, "too many listeners: try again later", {{"Retry-After", "10"}});
    Response response;
    response.headers = {
        {"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
    response.body = "retry: 2000\n\n";
    response.stream = [this, last = std::string(request.header("last-event-id"))](
                          const std::shared_ptr<EventStream>& stream) {
        const std::lock_guard lock(mutex_);
        if (stream->send(std::make_shared<const std::string>(catch_up(last)))) streams_.push_back(stream);
    };
    return response;
}

void EventHub::poll() {
    const std::lock_guard lock(mutex_);
    const std::int64_t last = store_.last_event();
    if (last <= sent_) return;
    if (streams_.empty()) {
        sent_ = last;
        return;
    }
    const std::vector<jobs::Event> events = store_.events_after(sent_);
    if (events.empty()) return;
    send(words(events));
    sent_ = events.back().number;
}

void EventHub::beat() {
    const std::lock_guard lock(mutex_);
    send(": still here\n\n");
}

void EventHub::send(std::string text) {
    if (text.empty()) return;
    const auto shared = std::make_shared<const std::string>(std::move(text));
    std::erase_if(streams_, [&](const auto& stream) { return !stream->send(shared); });
}

void EventHub::close() {
    const std::lock_guard lock(mutex_);
    for (const auto& stream : streams_) stream->close();
    streams_.clear();
}

std::size_t EventHub::listeners() const {
    const std::lock_guard lock(mutex_);
    return streams_.size();
}

}  // namespace stillreel::server
