#include "server/metrics.h"

namespace stillreel::server {
namespace {

const std::vector<double>& bounds_s() {
    static const std::vector<double> bounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5};
    return bounds;
}

const char* known_method(const std::string& method) {
    for (const char* name : {"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"})
        if (method == name) return name;
    return "other";
}

}  // namespace

void HttpMetrics::count(const std::string& method, const std::string& route, int status, double seconds) {
    const std::string known = known_method(method);
    const std::lock_guard lock(mutex_);
    ++requests_[{known, route, status}];
    HistogramCounts& counts = seconds_[{known, route}];
    counts.up_to.resize(bounds_s().size());
    for (std::size_t i = 0; i < bounds_s().size(); ++i) counts.up_to[i] += seconds <= bounds_s()[i];
    ++counts.count;
    counts.sum += seconds;
}

void HttpMetrics::tell(MetricText& text) const {
    const std::lock_guard lock(mutex_);
    text.family("stillreel_http_requests_total", "counter", "Requests answered.");
    for (const auto& [key, count] : requests_) {
        const auto& [method, route, status] = key;
        text.sample(static_cast<double>(count),
                    {{"method", method}, {"route", route}, {"status", std::to_string(status)}});
    }
    text.family("stillreel_http_request_seconds", "histogram", "Time from a request to its answer.");
    for (const auto& [key, counts] : seconds_)
        text.histogram(counts, bounds_s(), {{"method", key.first}, {"route", key.second}});
}

}  // namespace stillreel::server
