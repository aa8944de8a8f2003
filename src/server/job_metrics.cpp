#include "server/job_metrics.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/statistics.h"

namespace stillreel::server {
namespace {

constexpr std::size_t kMostSizes = 50;
constexpr int kLastClips = 21;  // of a shape, whose steps are looked at

// From an animatic in a second to a night of diffusion.
const std::vector<double> kWorkBounds_s = {0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 12 * 3600};
const std::vector<double> kWaitBounds_s = {1, 5, 30, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600};

/// What a series is about.
struct Size {
    std::string engine, size;  // "animatic", "1280x720"
    friend auto operator<=>(const Size&, const Size&) = default;
    Labels labels() const { return {{"engine", engine}, {"size", size}}; }
};

/// Of a shape "animatic 1280x720 96".
Size size_of(const std::string& shape) {
    const std::size_t first = shape.find(' '), last = shape.rfind(' ');
    if (first == std::string::npos || last == first) return {shape, ""};
    return {shape.substr(0, first), shape.substr(first + 1, last - first - 1)};
}

void add(HistogramCounts& to, const jobs::Histogram& histogram) {
    to.up_to.resize(std::max(to.up_to.size(), histogram.up_to.size()));
    for (std::size_t i = 0; i < histogram.up_to.size(); ++i) to.up_to[i] += histogram.up_to[i];
    to.count += histogram.count;
    to.sum += histogram.sum_s;
}

/// Anybody can ask for any size: the number of series stays bounded.
std::set<Size> common_sizes(const std::vector<jobs::Finished>& finished) {
    std::map<Size, std::int64_t> counts;
    for (const jobs::Finished& shape : finished) counts[size_of(shape.shape)] += shape.worked.count;
    std::vector<std::pair<std::int64_t, Size>> order;
    for (const auto& [size, count] : counts) order.emplace_back(count, size);
    std::sort(order.rbegin(), order.rend());
    if (order.size() > kMostSizes) order.resize(kMostSizes);
    std::set<Size> common;
    for (const auto& [count, size] : order) common.insert(size);
    return common;
}

/// Of the last clips of a shape; none for an engine without steps.
std::vector<double> step_seconds(jobs::JobStore& store, const std::string& shape) {
    std::vector<double> seconds;
    for (const std::string& result : store.last_results(shape, kLastClips)) {
        const auto json = nlohmann::json::parse(result, nullptr, false);
        const auto found = json.is_object() ? json.find("step_seconds") : json.end();
        if (found == json.end() || !found->is_number()) break;
        seconds.push_back(found->get<double>());
    }
    return seconds;
}

}  // namespace

void tell_of_jobs(jobs::JobStore& store, MetricText& text) {
    text.family("stillreel_clips", "gauge", "Clips by state, without those in the bin.");
    for (const auto& [state, count] : store.counts())
        text.sample(count, {{"state", std::string(jobs::name_of(state))}});
    text.family("stillreel_queue_longest_wait_seconds", "gauge",
                "How long the longest waiting clip has waited.");
    text.sample(static_cast<double>(store.longest_wait_ms()) / 1000);

    const auto finished = store.finished(jobs::kRenderLane, kWorkBounds_s, kWaitBounds_s);
    const std::set<Size> common = common_sizes(finished);
    HistogramCounts waited;
    waited.up_to.resize(kWaitBounds_s.size());
    std::map<Size, HistogramCounts> worked;
    std::map<Size, std::vector<double>> steps;
    for (const jobs::Finished& shape : finished) {
        Size size = size_of(shape.shape);
        const bool is_common = common.contains(size);
        if (!is_common) size.size = "other";
        add(waited, shape.waited);
        add(worked[size], shape.worked);
        if (!is_common) continue;
        for (const double seconds : step_seconds(store, shape.shape)) steps[size].push_back(seconds);
    }
    text.family("stillreel_queue_wait_seconds", "histogram",
                "Completed clips: from submit to the start of the work.");
    text.histogram(waited, kWaitBounds_s);
    text.family("stillreel_clip_seconds", "histogram", "Completed clips: the work, by engine and size.");
    for (const auto& [size, counts] : worked) text.histogram(counts, kWorkBounds_s, size.labels());
    text.family("stillreel_step_seconds", "gauge",
                "A step of the last completed clips, the median, by engine and size.");
    for (const auto& [size, seconds] : steps) text.sample(median(seconds), size.labels());
}

}  // namespace stillreel::server
