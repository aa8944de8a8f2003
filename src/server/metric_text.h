// Prometheus' text form (version 0.0.4), put together.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace stillreel::server {

/// Name and value, as they are.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// One series of a histogram: for each bound how many were no larger, and all of them.
struct HistogramCounts {
    std::vector<std::int64_t> up_to;
    std::int64_t count = 0;
    double sum = 0;
};

class MetricText {
  public:
    /// What follows belongs to this metric. `type`: "gauge", "counter" or "histogram".
    void family(const std::string& name, const char* type, const char* help);
    void sample(double value, const Labels& labels = {});
    void histogram(const HistogramCounts& counts, const std::vector<double>& bounds,
                   const Labels& labels = {});
    const std::string& text() const { return text_; }

  private:
    void line(const std::string& name, const Labels& labels, const std::string& value);

    std::string text_, name_;
};

}  // namespace stillreel::server
