#include "server/metrics.h"

#include <fmt/core.h>

namespace stillreel::server {
namespace {

const char* known_method(const std::string& method) {
    for (const char* name : {"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"})
        if (method == name) return name;
    return "other";
}

}  // namespace

std::string escaped_label(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

void HttpMetrics::count(const std::string& method, const std::string& route, int status, double seconds) {
    const std::string labels =
        fmt::format("method=\"{}\",route=\"{}\"", known_method(method), escaped_label(route));
    const std::lock_guard lock(mutex_);
    ++requests_[fmt::format("{},status=\"{}\"", labels, status)];
    Histogram& histogram = seconds_[labels];
    for (std::size_t i = 0; i < kBounds.size(); ++i) histogram.below[i] += seconds <= kBounds[i];
    ++histogram.count;
    histogram.sum_s += seconds;
}

std::string HttpMetrics::text() const {
    const std::lock_guard lock(mutex_);
    std::string out =
        "# HELP stillreel_http_requests_total Requests answered.\n"
        "# TYPE stillreel_http_requests_total counter\n";
    for (const auto& [labels, count] : requests_)
        out += fmt::format("stillreel_http_requests_total{{{}}} {}\n", labels, count);
    out +=
        "# HELP stillreel_http_request_seconds Time from a request to its answer.\n"
        "# TYPE stillreel_http_request_seconds histogram\n";
    for (const auto& [labels, histogram] : seconds_) {
        for (std::size_t i = 0; i < kBounds.size(); ++i)
            out += fmt::format("stillreel_http_request_seconds_bucket{{{},le=\"{}\"}} {}\n", labels,
                               kBounds[i], histogram.below[i]);
        out += fmt::format("stillreel_http_request_seconds_bucket{{{},le=\"+Inf\"}} {}\n", labels,
                           histogram.count);
        out += fmt::format("stillreel_http_request_seconds_sum{{{}}} {:.6f}\n", labels, histogram.sum_s);
        out += fmt::format("stillreel_http_request_seconds_count{{{}}} {}\n", labels, histogram.count);
    }
    return out;
}

}  // namespace stillreel::server
