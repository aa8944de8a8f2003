// What /metrics tells of the HTTP face.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "server/metric_text.h"

namespace stillreel::server {

class HttpMetrics {
  public:
    /// `route` is a pattern, so that there are few of them.
    void count(const std::string& method, const std::string& route, int status, double seconds);
    void tell(MetricText& text) const;

  private:
    mutable std::mutex mutex_;
    std::map<std::tuple<std::string, std::string, int>, std::int64_t> requests_;  // method, route, status
    std::map<std::pair<std::string, std::string>, HistogramCounts> seconds_;      // method, route
};

}  // namespace stillreel::server
