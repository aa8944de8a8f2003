// Small life in the subject: breathing, swaying, a turn in low relief. Smooth fields that slide the subject's
// sheet in itself; what lies behind it does not move.
#pragma once

#include <string>
#include <vector>

#include "animatic/frame_grid.h"
#include "animatic/scene.h"
#include "prompt/motion_plan.h"

namespace stillreel::animatic {

class SubjectMotion {
  public:
    /// `seamless`: the subject is at `duration_s` as it was at 0.
    SubjectMotion(const Scene& scene, const prompt::MotionPlan& plan, double duration_s, bool seamless);

    bool none() const { return tracks_.empty(); }
    /// What the user should know: no subject found.
    const std::vector<std::string>& notes() const { return notes_; }

    /// Displaces u, v of vertices [begin, end) of the subject's layer.
    void move(LayerGrid& grid, int begin, int end, double time_s) const;

  private:
    struct Box {
        double left, top, width, height;  // texture px
    };
    /// Middle and half width of the subject's outline at a height.
    struct Span {
        double middle, half;
    };
    void trace_outline(const image::Image& texture);
    Span span_at(double v) const;
    double turn_radians(const prompt::SubjectTrack& track, double time_s) const;
    double cycles(double hertz, double time_s) const;
    double presence(const prompt::SubjectTrack& track, double time_s) const;

    std::vector<prompt::SubjectTrack> tracks_;
    std::vector<std::string> notes_;
    Box box_{};
    std::vector<Span> outline_;  // smoothed, at even heights from the top of the box to its foot
    double duration_s_, time_scale_;
    bool seamless_;
};

}  // namespace stillreel::animatic
