// A small stage to try effects on: a plain far wall with a sheet before its left half when asked for, seen by
// a camera that stands still, and the whole way from grid to pixels.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "animatic/effects.h"
#include "animatic/raster.h"
#include "synthetic_scene.h"

namespace stillreel::testing {

using animatic::EffectOptions;
using animatic::Effects;
using animatic::FrameBuffer;
using animatic::Moment;
using prompt::EffectKind;
using prompt::EffectTrack;
using prompt::MotionPlan;

constexpr image::Size kStageFrame{480, 272};
constexpr int kEffectKinds = static_cast<int>(EffectKind::cloth) + 1;

inline EffectTrack track_of(EffectKind kind, double intensity = 0.6) {
    EffectTrack track;
    track.kind = kind;
    track.intensity = intensity;
    return track;
}

inline MotionPlan plan_of(std::initializer_list<EffectTrack> tracks) {
    MotionPlan plan;
    plan.effects = tracks;
    return plan;
}

inline image::Image plain_texture(image::Size size, std::uint8_t grey) {
    image::Image texture(size.width_px, size.height_px, 4);
    std::fill(texture.pixels.begin(), texture.pixels.end(), grey);
    for (std::size_t i = 3; i < texture.pixels.size(); i += 4) texture.pixels[i] = 255;
    return texture;
}

inline void fill_region(image::Plane& plane, double left, double top, double right, double bottom) {
    for (int y = 0; y < plane.height_px; ++y)
        for (int x = 0; x < plane.width_px; ++x) {
            const double fx = (x + 0.5) / plane.width_px, fy = (y + 0.5) / plane.height_px;
            if (fx > left && fx < right && fy > top && fy < bottom) plane.at(x, y) = 1;
        }
}

struct Stage {
    Scene scene;
    EffectOptions options;
    Framing framing;

    /// A wall of one grey at inverse depth 0.25.
    explicit Stage(std::uint8_t grey = 90, image::Size frame = kStageFrame) {
        scene.size = frame;
        scene.layers.resize(1);
        scene.layers[0].texture = plain_texture(frame, grey);
        scene.layers[0].inverse_depth = image::Plane(32, 18, 0.25f);
        for (image::Plane* plane :
             {&scene.regions.subject, &scene.regions.sky, &scene.regions.water, &scene.regions.foliage})
            *plane = image::Plane(96, 54);
        scene.w_far = 0.2;
        scene.ambient = image::Image(32, 18, 3);
        std::fill(scene.ambient.pixels.begin(), scene.ambient.pixels.end(), grey);
        options.frame = frame;
        options.seed = 7;
        framing = {frame.width_px / 2.0, frame.height_px / 2.0, 1.0, frame.width_px * 0.95};
    }

    /// A sheet at inverse depth w in front of the left half.
    void add_left_sheet(std::uint8_t grey, float w) {
        Layer sheet;
        sheet.texture = plain_texture(scene.size, grey);
        cut_out(sheet.texture, [&](int x, int) { return x < scene.size.width_px / 2; });
        sheet.inverse_depth = image::Plane(32, 18, w);
        scene.layers.push_back(std::move(sheet));
    }

    Moment at(double time_s) const {
        Moment moment;
        moment.time_s = time_s;
        moment.framing = framing;
        moment.view.focal_px = static_cast<float>(framing.focal_px);
        moment.view.centre_x = static_cast<float>(options.frame.width_px) / 2;
        moment.view.centre_y = static_cast<float>(options.frame.height_px) / 2;
        return moment;
    }

    FrameGrid grid(const Moment& moment) const {
        FrameGrid grid = warped_grid(scene, framing, moment.view, options.frame);
        for (int i = 0; i < grid.count(); ++i) {
            for (std::size_t k = 0; k < scene.layers.size(); ++k) {
                const image::Image& texture = scene.layers[k].texture;
                const int x = std::clamp(static_cast<int>(grid.layers[k].u[i]), 0, texture.width_px - 1);
                const int y = std::clamp(static_cast<int>(grid.layers[k].v[i]), 0, texture.height_px - 1);
                if (texture.at(x, y)[3] > 127) grid.front_w[i] = grid.layers[k].w[i];
            }
        }
        return grid;
    }

    /// The finished frame; particles in bands of `band_rows`.
    FrameBuffer draw(const Effects& effects, double time_s, int band_rows = 8) const {
        const Moment moment = at(time_s);
        FrameGrid frame_grid = grid(moment);
        effects.move_surfaces(frame_grid, moment);
        effects.shade(frame_grid, moment);
        FrameBuffer frame(options.frame.width_px, options.frame.height_px, 4);
        const animatic::Raster raster(scene);
        const int tile_rows = (frame.height_px + animatic::kTilePx - 1) / animatic::kTilePx;
        for (int row = 0; row < tile_rows; ++row) raster.draw(frame_grid, row, frame);
        const animatic::ParticleBatch batch = effects.particles(frame_grid, moment);
        for (int row = 0; row < frame.height_px; row += band_rows) {
            effects.draw_particles(batch, frame_grid, frame, row, std::min(row + band_rows, frame.height_px));
        }
        return frame;
    }

    FrameBuffer draw(const MotionPlan& plan, double time_s) const {
        return draw(Effects(scene, plan, options), time_s);
    }
};

inline double luma_of(const std::uint8_t* p) { return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]; }

/// Fraction of pixels of columns [left, right) that differ by more than `step` in a channel.
inline double changed(const FrameBuffer& a, const FrameBuffer& b, int step, int left = 0,
                      int right = 1 << 20) {
    right = std::min(right, a.width_px);
    int count = 0;
    for (int y = 0; y < a.height_px; ++y)
        for (int x = left; x < right; ++x) {
            int most = 0;
            for (int c = 0; c < 3; ++c) most = std::max(most, std::abs(a.at(x, y)[c] - b.at(x, y)[c]));
            count += most > step;
        }
    return static_cast<double>(count) / (static_cast<double>(right - left) * a.height_px);
}

/// Mean of a channel over a part of the frame, [left, right) x [top, bottom).
inline double mean_of(const FrameBuffer& f, int channel, int left, int top, int right, int bottom) {
    double sum = 0;
    for (int y = top; y < bottom; ++y)
        for (int x = left; x < right; ++x) sum += f.at(x, y)[channel];
    return sum / ((right - left) * (bottom - top));
}

inline double mean_of(const FrameBuffer& f, int channel) {
    return mean_of(f, channel, 0, 0, f.width_px, f.height_px);
}

}  // namespace stillreel::testing
