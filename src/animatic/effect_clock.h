// Time as an effect sees it: its own pace, its span with soft ends, and loops that close.
#pragma once

#include <cstdint>

#include "prompt/motion_plan.h"

namespace stillreel::animatic {

class EffectClock {
  public:
    /// `pace` is the factor on the effect's natural speed.
    EffectClock(double duration_s, bool seamless, double pace, const prompt::Span& when);

    /// 0 outside of the span, 1 inside, over 0.4 s at its ends; an end of the clip is not an end of the
    /// effect.
    float strength(double time_s) const;

    /// 0 at the span's begin, 1 at its end, linear, clamped. In a seamless clip there and back.
    double progress(double time_s) const;

    /// Cycles since the begin of the clip of what happens `hertz` times a second. Seamless: a whole number
    /// (one at least) over the clip.
    double cycles(double hertz, double time_s) const;

    /// The same, with whole cycles never faster than `hertz`: none at all in a clip shorter than one cycle.
    double cycles_at_most(double hertz, double time_s) const;

    /// Way made at `speed` a second by something that is the same again every `period`. Seamless: a whole
    /// number of periods (one at least, but none
    /// where less than a quarter of one was wanted).
    double way(double speed, double period, double time_s) const;

    /// Smooth wandering in [-1, 1], `hertz` knots a second.
    float wander(std::uint64_t seed, double hertz, double time_s) const;

    /// Two copies of an endless drift that fade into each other, so that a seamless clip closes without
    /// running in circles: value = lerp(at(first_s), at(second_s), mix). mix is 0 in other clips.
    struct TwoTimes {
        double first_s, second_s;
        float mix;
    };
    TwoTimes two_times(double time_s) const;

    double pace() const { return pace_; }
    double duration_s() const { return duration_s_; }
    bool seamless() const { return seamless_; }

  private:
    double duration_s_;
    bool seamless_;
    double pace_;
    double begin_s_, end_s_;
};

}  // namespace stillreel::animatic
