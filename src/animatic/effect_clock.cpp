#include "animatic/effect_clock.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace stillreel::animatic {
namespace {

constexpr double kFade_s = 0.4;
constexpr double kTiny = 1e-6;

double smooth(double x) {
    x = std::clamp(x, 0.0, 1.0);
    return x * x * (3 - 2 * x);
}

}  // namespace

EffectClock::EffectClock(double duration_s, bool seamless, double pace, const prompt::Span& when)
    : duration_s_(std::max(duration_s, 1e-3)),
      seamless_(seamless),
      pace_(pace),
      begin_s_(std::clamp(when.begin, 0.0, 1.0) * duration_s_),
      end_s_(std::clamp(when.end, 0.0, 1.0) * duration_s_) {}

float EffectClock::strength(double time_s) const {
    const bool whole = begin_s_ <= kTiny && end_s_ >= duration_s_ - kTiny;
    if (whole) return 1;
    if (end_s_ <= begin_s_) return 0;
    const double fade_s = std::min(kFade_s, (end_s_ - begin_s_) / 2);
    // In a loop the clip's ends meet: an effect that is absent at one of them must be absent at both.
    const bool soft_begin = seamless_ || begin_s_ > kTiny;
    const bool soft_end = seamless_ || end_s_ < duration_s_ - kTiny;
    double value = 1;
    if (soft_begin) value *= smooth((time_s - begin_s_) / fade_s);
    if (soft_end) value *= smooth((end_s_ - time_s) / fade_s);
    return static_cast<float>(value);
}

double EffectClock::progress(double time_s) const {
    const double length = std::max(end_s_ - begin_s_, 1e-3);
    const double p = std::clamp((time_s - begin_s_) / length, 0.0, 1.0);
    return seamless_ ? 0.5 - 0.5 * std::cos(2 * M_PI * p) : p;
}

double EffectClock::cycles(double hertz, double time_s) const {
    const double rate = hertz * pace_;
    if (!seamless_) return rate * time_s;
    return std::max(1.0, std::round(rate * duration_s_)) * (time_s / duration_s_);
}

double EffectClock::cycles_at_most(double hertz, double time_s) const {
    if (!seamless_) return hertz * time_s;
    return std::floor(hertz * duration_s_ + kTiny) * (time_s / duration_s_);
}

double EffectClock::way(double speed, double period, double time_s) const {
    const double velocity = speed * pace_;
    if (!seamless_ || velocity == 0) return velocity * time_s;
    const double wanted = std::abs(velocity) * duration_s_ / period;
    const double periods = wanted < 0.25 ? 0 : std::max(1.0, std::round(wanted));
    return std::copysign(periods * period * (time_s / duration_s_), velocity);
}

float EffectClock::wander(std::uint64_t seed, double hertz, double time_s) const {
    const double knots = cycles(hertz, time_s);
    const double floor = std::floor(knots);
    const auto total = static_cast<std::int64_t>(std::max(1.0, std::round(hertz * pace_ * duration_s_)));
    const auto value = [&](std::int64_t knot) {
        if (seamless_) knot = ((knot % total) + total) % total;
        return 2 * hash_unit(seed, static_cast<std::uint64_t>(knot), 0x77616e64) - 1;
    };
    const auto knot = static_cast<std::int64_t>(floor);
    const float mix = static_cast<float>(smooth(knots - floor));
    return value(knot) * (1 - mix) + value(knot + 1) * mix;
}

EffectClock::TwoTimes EffectClock::two_times(double time_s) const {
    const double first = time_s * pace_;
    if (!seamless_) return {first, first, 0};
    return {first, first - duration_s_ * pace_, static_cast<float>(time_s / duration_s_)};
}

}  // namespace stillreel::animatic
