#include "animatic/placement.h"

#include <algorithm>
#include <cmath>

namespace stillreel::animatic {

float front_depth(const Scene& scene, double u, double v) {
    for (std::size_t i = scene.layers.size(); i-- > 0;) {
        const Layer& layer = scene.layers[i];
        const int x = std::clamp(static_cast<int>(u), 0, layer.texture.width_px - 1);
        const int y = std::clamp(static_cast<int>(v), 0, layer.texture.height_px - 1);
        if (i > 0 && (layer.texture.empty() || layer.texture.at(x, y)[3] < 128)) continue;
        const image::Plane& depth = layer.inverse_depth;
        if (depth.empty()) break;
        const double fx = u / std::max(1, scene.size.width_px), fy = v / std::max(1, scene.size.height_px);
        return depth.at(std::clamp(static_cast<int>(fx * depth.width_px), 0, depth.width_px - 1),
                        std::clamp(static_cast<int>(fy * depth.height_px), 0, depth.height_px - 1));
    }
    return static_cast<float>(scene.w_far);
}

Place distant_place(const Scene& scene, const Framing& framing, image::Size frame, bool prefer_right) {
    const auto texture_at = [&](double fx, double fy) {
        return Place{framing.centre_u + (fx - 0.5) * frame.width_px * framing.texel_per_px,
                     framing.centre_v + (fy - 0.5) * frame.height_px * framing.texel_per_px, 1};
    };
    const double horizon_px =
        (scene.horizon * scene.size.height_px - framing.centre_v) / framing.texel_per_px;
    const double horizon = std::clamp(0.5 + horizon_px / frame.height_px + 0.015, 0.3, 0.66);
    Place best;
    float best_score = 1e9f;
    for (const double offset : {0.22, 0.18, 0.26, 0.14, 0.3, 0.1}) {
        for (const bool right : {prefer_right, !prefer_right}) {
            const double column = right ? 0.5 + offset : 0.5 - offset;
            Place place = texture_at(column, horizon);
            place.w = front_depth(scene, place.u, place.v);
            // Down to where the ground, or something on it, comes nearer: things stand there rather than in
            // the air.
            constexpr double kLowest = 0.72;
            double row = horizon;
            while (row < kLowest) {
                const Place lower = texture_at(column, row + 0.01);
                if (front_depth(scene, lower.u, lower.v) > 1.15f * place.w) break;
                row += 0.01;
            }
            const bool ends = row < kLowest;
            if (ends) place.v = texture_at(column, std::max(horizon, row - 0.015)).v;
            const float score = place.w + (right == prefer_right ? 0 : 0.02f) + (ends ? 0 : 0.02f) +
                                0.1f * std::abs(static_cast<float>(offset) - 0.22f);
            if (score >= best_score) continue;
            best_score = score;
            best = place;
        }
    }
    // Just before what stands there.
    best.w *= 1.06f;
    return best;
}

}  // namespace stillreel::animatic
