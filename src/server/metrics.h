// What /metrics tells of the HTTP face, in Prometheus' text form.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace stillreel::server {

class HttpMetrics {
  public:
    /// `route` is a pattern, so that there are few of them.
    void count(const std::string& method, const std::string& route, int status, double seconds);
    std::string text() const;

  private:
    static constexpr std::array<double, 8> kBounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5};
    struct Histogram {
        std::array<std::uint64_t, kBounds.size()> below{};
        std::uint64_t count = 0;
        double sum_s = 0;
    };
    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t> requests_;  // labels -> count
    std::map<std::string, Histogram> seconds_;       // labels -> durations
};

/// For label values.
std::string escaped_label(const std::string& text);

}  // namespace stillreel::server
