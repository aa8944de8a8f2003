// Weather, light and moving surfaces, as pure functions of (scene, time). They touch a frame in three steps:
// move_surfaces before the picture is drawn, shade for fog and light, draw_particles on top.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "animatic/frame_grid.h"
#include "animatic/scene.h"
#include "animatic/view.h"
#include "prompt/motion_plan.h"

namespace stillreel::animatic {

struct EffectOptions {
    image::Size frame;
    double duration_s = 4;
    std::uint64_t seed = 0;
    bool seamless = false;        // the state at duration_s equals the state at 0
    bool allow_flashing = false;  // else flashes stay at 3 a second or fewer, and small in area
};

/// The moment to draw. `time_s` runs from 0 to duration_s.
struct Moment {
    double time_s = 0;
    View view;
    Framing framing;
};

/// Particles of one frame, projected and sorted; drawn band by band.
class ParticleBatch {
  public:
    ParticleBatch();
    ParticleBatch(ParticleBatch&&) noexcept;
    ParticleBatch& operator=(ParticleBatch&&) noexcept;
    ~ParticleBatch();
    struct State;
    std::unique_ptr<State> state;
};

class Effects {
  public:
    /// Keeps a reference to `scene`, which must outlive it.
    Effects(const Scene& scene, const prompt::MotionPlan& plan, const EffectOptions& options);
    Effects(Effects&&) noexcept;
    Effects& operator=(Effects&&) noexcept;
    ~Effects();

    /// True when no effect is active: all three steps do nothing.
    bool none() const;

    /// Lines for the user: "the words ask for water, but none was found in the picture".
    std::vector<std::string> notes() const;

    /// Displaces u, v (and fills u2, v2, mix) where water, foliage, clouds or cloth are.
    void move_surfaces(FrameGrid& grid, const Moment& moment) const;

    /// Multiplies into gain and add: fog by depth, washes of light, flicker, time of day.
    void shade(FrameGrid& grid, const Moment& moment) const;

    /// Rain, snow and everything that flies, hidden behind nearer things by grid.front_w.
    ParticleBatch particles(const FrameGrid& grid, const Moment& moment) const;

    /// Draws the batch into rows [row_begin, row_end) of `frame`; bands may be drawn by different threads,
    /// and the pixels do not depend on how the rows are split.
    void draw_particles(const ParticleBatch& batch, const FrameGrid& grid, FrameBuffer& frame, int row_begin,
                        int row_end) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::animatic
