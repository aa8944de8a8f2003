#include "animatic/framing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "animatic/raster.h"
#include "animatic/warp.h"

namespace stillreel::animatic {
namespace {

constexpr double kFullFrameDiagonalMm = 43.27;
constexpr int kPointsPerSide = 24;
constexpr int kShowsFrom = 8;  // alpha above which a nearer layer counts
constexpr double kUsualOverscan = 1.35;
constexpr double kGreatOverscan = 1.6;
constexpr double kLastResortOverscan = 8;
constexpr double kLeastShare = 0.5;
constexpr std::size_t kMostMoments = 120;
// Bilinear sampling half a texel inside of the outermost ring does not see the ring.
constexpr double kMarginTexel = 1.75;

struct BorderPoints {
    std::vector<float> x, y;

    explicit BorderPoints(image::Size frame) {
        const auto width = static_cast<float>(frame.width_px), height = static_cast<float>(frame.height_px);
        for (int i = 0; i < kPointsPerSide; ++i) {
            const float at = static_cast<float>(i) / kPointsPerSide;
            add(at * width, 0);
            add(width, at * height);
            add(width - at * width, height);
            add(0, height - at * height);
        }
    }
    void add(float px, float py) {
        x.push_back(px);
        y.push_back(py);
    }
    int count() const { return static_cast<int>(x.size()); }
};

struct Extent {
    double left, right, top, bottom;  // texture px

    void include(const Extent& other) {
        left = std::min(left, other.left), right = std::max(right, other.right);
        top = std::min(top, other.top), bottom = std::max(bottom, other.bottom);
    }
};

/// The part of the texture that the frame's border sees, as if the texture had no end.
Extent extent_of(const Scene& scene, const Framing& framing, const View& view, const BorderPoints& border) {
    Extent extent{1e9, -1e9, 1e9, -1e9};
    std::vector<float> u(border.count()), v(border.count()), w(border.count());
    for (std::size_t i = 0; i < scene.layers.size(); ++i) {
        const Layer& layer = scene.layers[i];
        warp_points({&layer.inverse_depth, scene.size}, framing, view, border.x.data(), border.y.data(),
                    border.count(), u.data(), v.data(), w.data());
        for (int k = 0; k < border.count(); ++k)
            if (i == 0 || alpha_at(layer.texture, u[k], v[k]) > kShowsFrom)
                extent.include({u[k], u[k], v[k], v[k]});
    }
    return extent;
}

Overhang overhang_in(image::Size texture, const Extent& extent) {
    return {kMarginTexel - extent.left, extent.right - (texture.width_px - kMarginTexel),
            kMarginTexel - extent.top, extent.bottom - (texture.height_px - kMarginTexel)};
}

/// Moves [low, high] into [0, room] as little as possible; the middle when it does not fit.
double shift_into(double low_overhang, double high_overhang) {
    if (low_overhang > 0 && high_overhang > 0) return (low_overhang - high_overhang) / 2;
    if (low_overhang > 0) return std::min(low_overhang, std::max((low_overhang - high_overhang) / 2, 0.0));
    if (high_overhang > 0) return -std::min(high_overhang, std::max((high_overhang - low_overhang) / 2, 0.0));
    return 0;
}

/// At one texel a pixel all pixels sit between texels alike: a slow pan would turn the whole frame sharp and
/// soft by turns (10 to 15 % of its gradients, against 1 % at other scales). Tightens such a framing a
/// little, and says by how much.
double away_from_texel_grid(Framing& framing) {
    constexpr double kAlike = 0.03;
    if (std::abs(framing.texel_per_px - 1) >= kAlike) return 1;
    const double tighter = framing.texel_per_px / (1 - kAlike);
    framing.texel_per_px = 1 - kAlike;
    return tighter;
}

class Fitter {
  public:
    Fitter(const Scene& scene, const FramingRequest& request)
        : scene_(scene),
          request_(request),
          border_(request.frame),
          whole_(crop_framing(scene.size, request)) {
        const std::size_t step = (request.times_s.size() + kMostMoments - 1) / kMostMoments;
        for (std::size_t i = 0; i < request.times_s.size(); i += std::max<std::size_t>(step, 1))
            moments_.push_back(request.times_s[i]);
        if (!request.times_s.empty()) moments_.push_back(request.times_s.back());
    }

    /// The widest framing for the run, no tighter than `most`.
    std::optional<FittedFraming> fit(const CameraRun& run, double most) const {
        Framing framing = whole_;
        double overscan = 1;
        for (int step = 0; step < 14; ++step) {
            const Extent extent = extent_over(run, framing);
            const Overhang over = overhang_in(scene_.size, extent);
            if (over.none()) {
                overscan *= away_from_texel_grid(framing);
                return FittedFraming{.framing = framing, .overscan = overscan, .share = run.share};
            }
            const double tighter =
                std::max((extent.right - extent.left) / (scene_.size.width_px - 2 * kMarginTexel),
                         (extent.bottom - extent.top) / (scene_.size.height_px - 2 * kMarginTexel));
            // A little more than asked, so that what parallax changes with the scale is made up for.
            if (tighter > 1) overscan *= tighter * 1.0005;
            if (overscan > most) return std::nullopt;
            framing.centre_u += shift_into(over.left, over.right);
            framing.centre_v += shift_into(over.top, over.bottom);
            if (step > 6) overscan *= 1.005;
            framing.texel_per_px = whole_.texel_per_px / overscan;
        }
        return std::nullopt;
    }

  private:
    Extent extent_over(const CameraRun& run, const Framing& framing) const {
        Extent extent{1e9, -1e9, 1e9, -1e9};
        for (double time_s : moments_) {
            const View view = view_of(run.pose(time_s), framing, request_.base_focal_mm, request_.frame);
            extent.include(extent_of(scene_, framing, view, border_));
        }
        return extent;
    }

    const Scene& scene_;
    const FramingRequest& request_;
    BorderPoints border_;
    Framing whole_;
    std::vector<double> moments_;
};

/// True when the path ends on a wider view than it begins with: it starts tighter to end on the full frame.
bool leads_outwards(const CameraRun& run) {
    const prompt::CameraPose begin = prompt::pose_at(run.path, 0);
    const prompt::CameraPose end = prompt::pose_at(run.path, run.path_length_s());
    return end.focal_mm < begin.focal_mm || end.z < begin.z;
}

/// The greatest value in (low, high) that `fits`, found by halving; low is known to fit.
template <class Fits>
double greatest(double low, double high, const Fits& fits) {
    for (int step = 0; step < 7; ++step) {
        const double middle = (low + high) / 2;
        (fits(middle) ? low : high) = middle;
    }
    return low;
}

FittedFraming stopping_early(const Fitter& fitter, CameraRun run, double most) {
    const double length = std::max(run.path_length_s(), 1e-3);
    const auto fit_until = [&](double stop_s) {
        run.stop_s = stop_s;
        return fitter.fit(run, most);
    };
    double stop_s = 0;
    if (fit_until(0))
        stop_s = greatest(0, length, [&](double tried) { return fit_until(tried).has_value(); });
    std::optional<FittedFraming> best = fit_until(stop_s);
    if (!best) best = fitter.fit(run, kLastResortOverscan);
    if (!best) {
        FittedFraming nothing;
        nothing.hold_still = true;
        nothing.move_fraction = 0;
        nothing.notes.push_back(
            "the camera's path begins outside of the picture: the camera holds still instead");
        return nothing;
    }
    best->stop_s = stop_s;
    best->move_fraction = run.share * stop_s / length;
    if (run.playing == Playing::eased_there_and_back)
        best->notes.push_back(
            fmt::format("the picture has room for {:.0f} % of the camera move: it turns back there",
                        100 * best->move_fraction));
    else
        best->notes.push_back(
            fmt::format("the camera move uses up the picture's room after {:.1f} s and holds there",
                        (stop_s + 0.2) / run.playing_rate()));
    return *best;
}

}  // namespace

Framing crop_framing(image::Size texture, const FramingRequest& request) {
    const double width = texture.width_px, height = texture.height_px;
    const double aspect = static_cast<double>(request.frame.width_px) / request.frame.height_px;
    const double crop_width = std::min(width, height * aspect),
                 crop_height = std::min(height, width / aspect);
    Framing framing;
    framing.centre_u = std::clamp(request.focus_u * width, crop_width / 2, width - crop_width / 2);
    framing.centre_v = std::clamp(request.focus_v * height, crop_height / 2, height - crop_height / 2);
    framing.texel_per_px = crop_width / request.frame.width_px;
    framing.focal_px = request.base_focal_mm / kFullFrameDiagonalMm *
                       std::hypot(request.frame.width_px, request.frame.height_px);
    return framing;
}

Overhang overhang_of(const Scene& scene, const Framing& framing, const View& view, image::Size frame) {
    return overhang_in(scene.size, extent_of(scene, framing, view, BorderPoints(frame)));
}

FittedFraming fit_framing(const Scene& scene, const CameraRun& run, const FramingRequest& request) {
    if (prompt::is_still(run.path)) return {.framing = crop_framing(scene.size, request)};
    const Fitter fitter(scene, request);
    const double most = request.compound || leads_outwards(run) ? kGreatOverscan : kUsualOverscan;
    if (auto fitted = fitter.fit(run, most)) return *fitted;
    CameraRun shorter = run;
    if (request.compound) {
        shorter.share = kLeastShare;
        if (auto half = fitter.fit(shorter, most)) {
            shorter.share = greatest(kLeastShare, 1, [&](double share) {
                CameraRun tried = run;
                tried.share = share;
                return fitter.fit(tried, most).has_value();
            });
            FittedFraming fitted = fitter.fit(shorter, most).value_or(*half);
            fitted.move_fraction = fitted.share;
            fitted.notes.push_back(fmt::format(
                "the picture has room for {:.0f} % of the camera moves' usual amount", 100 * fitted.share));
            return fitted;
        }
    }
    FittedFraming fitted = stopping_early(fitter, shorter, most);
    if (fitted.hold_still) fitted.framing = crop_framing(scene.size, request);
    return fitted;
}

}  // namespace stillreel::animatic
