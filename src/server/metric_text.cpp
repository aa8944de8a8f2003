#include "server/metric_text.h"

#include <fmt/core.h>

#include <cmath>

namespace stillreel::server {
namespace {

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

/// Counts without a point or an exponent, however large.
std::string number(double value) {
    if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
    return fmt::format("{}", value);
}

}  // namespace

void MetricText::family(const std::string& name, const char* type, const char* help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void MetricText::line(const std::string& name, const Labels& labels, const std::string& value) {
    text_ += name;
    for (std::size_t i = 0; i < labels.size(); ++i)
        text_ += fmt::format("{}{}=\"{}\"", i == 0 ? "{" : ",", labels[i].first, escaped(labels[i].second));
    text_ += fmt::format("{} {}\n", labels.empty() ? "" : "}", value);
}

void MetricText::sample(double value, const Labels& labels) { line(name_, labels, number(value)); }

void MetricText::histogram(const HistogramCounts& counts, const std::vector<double>& bounds,
                           const Labels& labels) {
    Labels of_bucket = labels;
    of_bucket.emplace_back("le", "");
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        of_bucket.back().second = fmt::format("{}", bounds[i]);
        line(name_ + "_bucket", of_bucket, number(static_cast<double>(counts.up_to[i])));
    }
    of_bucket.back().second = "+Inf";
    line(name_ + "_bucket", of_bucket, number(static_cast<double>(counts.count)));
    line(name_ + "_sum", labels, fmt::format("{:.6f}", counts.sum));
    line(name_ + "_count", labels, number(static_cast<double>(counts.count)));
}

}  // namespace stillreel::server
