#include "animatic/layers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/analysis_filters.h"
#include "animatic/fill.h"
#include "animatic/layers_colour.h"
#include "base/check.h"

namespace stillreel::animatic {

using image::Image;
using image::Plane;

namespace {

constexpr float kFarthest = 0.2f, kNearest = 1.6f;
constexpr int kAmbientPx = 32;

double weighted_median(const Plane& values, const Plane& weights) {
    std::vector<double> histogram(1024, 0.0);
    double total = 0;
    for (std::size_t i = 0; i < values.values.size(); ++i) {
        const auto bin = static_cast<std::size_t>(std::clamp(values.values[i], 0.0f, 1.0f) * 1023);
        histogram[bin] += weights.values[i], total += weights.values[i];
    }
    double sum = 0;
    for (std::size_t i = 0; i < histogram.size(); ++i)
        if ((sum += histogram[i]) >= 0.5 * total) return static_cast<double>(i) / 1023;
    return 0.5;
}

/// w = 1 + slope * (disparity - focus), with the steepest slope that keeps within [kFarthest, kNearest].
Plane inverse_depth(const Analysis& analysis) {
    const Plane everywhere(analysis.disparity.width_px, analysis.disparity.height_px, 1.0f);
    double middle =
        weighted_median(analysis.disparity, analysis.has_subject ? analysis.regions.subject : everywhere);
    // Without a subject the sky may be most of the picture: it must stay far all the same.
    if (!analysis.has_subject) middle = std::clamp(middle, 0.45, 0.75);
    const auto focus = static_cast<float>(middle);
    const float slope =
        std::min((1 - kFarthest) / std::max(focus, 0.05f), (kNearest - 1) / std::max(1 - focus, 0.05f));
    Plane w = analysis.disparity;
    for (float& value : w.values)
        value = std::clamp(1 + slope * (std::clamp(value, 0.0f, 1.0f) - focus), kFarthest, kNearest);
    return w;
}

/// 1 where layer k stands clearly before what is behind it, 0 where both are one surface.
Plane step_over(const std::vector<Plane>& depth, const LayerPlan& plan, int k) {
    const image::Size size = depth[0].size();
    Plane step(size.width_px, size.height_px, 1.0f);
    if (k == plan.subject_layer) return step;
    for (std::size_t i = 0; i < step.values.size(); ++i) {
        const int further = std::min<int>(plan.label[i], k - 1);
        step.values[i] = ramp(std::abs(depth[k].values[i] - depth[further].values[i]), 0.02f, 0.07f);
    }
    return gaussian(step, 1.5);
}

}  // namespace

Scene build_scene(Image picture, const Analysis& analysis, int threads) {
    STILLREEL_CHECK_EQ(picture.channels, 3);
    ThreadPool pool(std::max(1, threads));
    make_opencv_repeatable();
    Scene scene;
    scene.size = picture.size();
    scene.regions = analysis.regions;
    scene.horizon = analysis.horizon;
    scene.has_subject = analysis.has_subject;
    const image::Size cells = analysis.disparity.size();
    if (analysis.has_subject) {
        const image::Rect& box = analysis.subject_box;
        scene.subject_left = static_cast<double>(box.x) / cells.width_px;
        scene.subject_top = static_cast<double>(box.y) / cells.height_px;
        scene.subject_right = static_cast<double>(box.x + box.width_px) / cells.width_px;
        scene.subject_bottom = static_cast<double>(box.y + box.height_px) / cells.height_px;
    }
    const Image small = resized(picture, cells);
    const double ambient_scale =
        std::min(1.0, static_cast<double>(kAmbientPx) / std::max(cells.width_px, cells.height_px));
    scene.ambient =
        resized(small, {std::max(1, static_cast<int>(std::lround(cells.width_px * ambient_scale))),
                        std::max(1, static_cast<int>(std::lround(cells.height_px * ambient_scale)))});

    const Plane w = inverse_depth(analysis);
    scene.w_far = percentile(w, 0);
    scene.w_near = percentile(w, 1);
    const LayerPlan plan = split_into_layers(w, analysis.regions, analysis.has_subject);
    std::vector<Plane> depth(plan.count);
    pool.parallel_for(plan.count, [&](int k) { depth[k] = layer_depth(w, plan, k); });

    LayerSheets sheets;
    for (int k = 0; k < plan.count; ++k) {
        sheets.textures.emplace_back(picture.width_px, picture.height_px, 4);
        sheets.steps.push_back(k == 0 ? Plane(cells.width_px, cells.height_px) : step_over(depth, plan, k));
        if (k > 0) lift_alpha(picture, small, plan.extent[k], sheets.steps[k], sheets.textures[k], pool);
    }
    paint_layers(picture, small, plan, sheets, pool);
    for (int k = 0; k < plan.count; ++k)
        scene.layers.push_back({std::move(sheets.textures[k]), std::move(depth[k]), k == plan.subject_layer});
    return scene;
}

}  // namespace stillreel::animatic
