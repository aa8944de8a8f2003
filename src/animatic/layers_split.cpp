#include <algorithm>
#include <cmath>
#include <numeric>

#include "animatic/analysis_filters.h"
#include "animatic/fill.h"
#include "animatic/layers.h"

namespace stillreel::animatic {

using image::Plane;

namespace {

constexpr int kMaxLayers = 4;
constexpr int kBins = 64;
constexpr int kReachPx = 3;           // depth edges are about this wide after smoothing
constexpr float kStrongStep = 0.08f;  // of inverse depth: what a viewer sees as one thing before another
constexpr float kSmoothStep = 0.045f;

struct Crossings {
    std::vector<double> strong =
        std::vector<double>(kBins, 0.0);  // depth edge length in px, weighted by the step
    std::vector<double> smooth = std::vector<double>(kBins, 0.0);  // length in px of slopes that would be cut
};

struct DepthRange {
    float low = 0, high = 1;
    int bin(float w) const {
        return std::clamp(static_cast<int>((w - low) / (high - low) * kBins), 0, kBins - 1);
    }
    float threshold(int bin) const { return low + (high - low) * (static_cast<float>(bin) + 1.0f) / kBins; }
};

/// Calls visit(first, second) for the indices of all pairs of pixels kReachPx apart, across and down.
template <class Visit>
void for_pairs(const Plane& w, Visit visit) {
    for (int y = 0; y < w.height_px; ++y)
        for (int x = 0; x < w.width_px; ++x) {
            const int i = y * w.width_px + x;
            if (x + kReachPx < w.width_px) visit(i, i + kReachPx);
            if (y + kReachPx < w.height_px) visit(i, i + kReachPx * w.width_px);
        }
}

Crossings count_crossings(const Plane& w, const Plane& ignored, const DepthRange& range) {
    Crossings crossings;
    for_pairs(w, [&](int first, int second) {
        if (ignored.values[first] > 0.5f || ignored.values[second] > 0.5f) return;
        const auto [a, b] = std::minmax(w.values[first], w.values[second]);
        const bool strong = b - a > kStrongStep;
        // A strong edge counts best for thresholds in the middle of its step.
        for (int bin = range.bin(a); bin < range.bin(b); ++bin) {
            if (strong) {
                const float middle = 1 - std::abs(2 * (range.threshold(bin) - a) / (b - a) - 1);
                crossings.strong[bin] += (0.3f + middle) * std::min(1.0f, (b - a) / 0.3f) / kReachPx;
            } else if (b - a < kSmoothStep) {
                crossings.smooth[bin] += 1.0 / kReachPx;
            }
        }
    });
    return crossings;
}

/// Marks the edges that a threshold cuts: no other threshold is to cut them again.
void mark_cut(const Plane& w, float threshold, Plane& ignored) {
    Plane cut(w.width_px, w.height_px);
    for_pairs(w, [&](int first, int second) {
        const auto [a, b] = std::minmax(w.values[first], w.values[second]);
        if (a <= threshold && threshold < b && b - a > kStrongStep)
            cut.values[first] = cut.values[second] = 1;
    });
    cut = box_mean(cut, kReachPx + 1);
    for (std::size_t i = 0; i < cut.values.size(); ++i)
        if (cut.values[i] > 0) ignored.values[i] = 1;
}

/// Thresholds in rising order, at most `most`.
std::vector<float> choose_thresholds(const Plane& w, Plane ignored, int most) {
    const DepthRange range{percentile(w, 0), percentile(w, 1)};
    std::vector<float> chosen;
    if (range.high - range.low < kStrongStep) return chosen;
    const double needed = 0.06 * (w.width_px + w.height_px);
    while (static_cast<int>(chosen.size()) < most) {
        const Crossings crossings = count_crossings(w, ignored, range);
        double best = 0;
        int best_bin = -1;
        for (int bin = 0; bin < kBins; ++bin) {
            const double score = crossings.strong[bin] - 0.15 * crossings.smooth[bin];
            const bool apart = std::all_of(chosen.begin(), chosen.end(), [&](float threshold) {
                return std::abs(threshold - range.threshold(bin)) > kStrongStep;
            });
            if (apart && score > best) best = score, best_bin = bin;
        }
        if (best < needed) break;
        chosen.push_back(range.threshold(best_bin));
        mark_cut(w, chosen.back(), ignored);
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

/// Specks of one layer inside of another would only flicker.
void remove_specks(std::vector<std::uint8_t>& label, image::Size size, int layers) {
    const int area_px = std::max(6, size.width_px * size.height_px / 600);
    for (int k = 1; k < layers; ++k) {
        Plane nearer(size.width_px, size.height_px);
        for (std::size_t i = 0; i < label.size(); ++i) nearer.values[i] = label[i] >= k ? 1.0f : 0.0f;
        Plane kept = nearer;
        remove_small_parts(kept, area_px);
        Plane further = kept;
        for (float& value : further.values) value = 1 - value;
        remove_small_parts(further, area_px);
        for (std::size_t i = 0; i < label.size(); ++i) {
            if (nearer.values[i] > 0.5f && further.values[i] > 0.5f)
                label[i] = static_cast<std::uint8_t>(k - 1);
            if (nearer.values[i] < 0.5f && further.values[i] < 0.5f) label[i] = static_cast<std::uint8_t>(k);
        }
    }
}

/// 1 where layer k is seen, 0 where a further one is; behind nearer ones, what is likely from around them.
Plane extent_of(const std::vector<std::uint8_t>& label, image::Size size, int k) {
    Plane here(size.width_px, size.height_px, 1.0f), known(size.width_px, size.height_px, 1.0f);
    if (k == 0) return here;
    for (std::size_t i = 0; i < label.size(); ++i) {
        here.values[i] = label[i] == k ? 1.0f : 0.0f;
        if (label[i] > k) known.values[i] = 0;
    }
    Plane extent = pull_push(here, known);
    for (std::size_t i = 0; i < label.size(); ++i)
        if (known.values[i] < 0.5f) extent.values[i] = ramp(extent.values[i], 0.35f, 0.65f);
    return extent;
}

}  // namespace

LayerPlan split_into_layers(const Plane& w, const Regions& regions, bool has_subject) {
    LayerPlan plan;
    const std::size_t count = w.values.size();
    plan.label.assign(count, 0);
    Plane no_subject(w.width_px, w.height_px);
    Plane behind = w;
    float subject_w = 0;
    if (has_subject) {
        no_subject = regions.subject;
        Plane outside(w.width_px, w.height_px);
        double sum = 0, weight = 1e-6;
        for (std::size_t i = 0; i < count; ++i) {
            outside.values[i] = regions.subject.values[i] < 0.02f ? 1.0f : 0.0f;
            sum += regions.subject.values[i] * w.values[i], weight += regions.subject.values[i];
        }
        subject_w = static_cast<float>(sum / weight);
        behind = pull_push(w, outside);
    }
    const std::vector<float> thresholds =
        choose_thresholds(behind, no_subject, has_subject ? kMaxLayers - 2 : kMaxLayers - 1);
    plan.count = static_cast<int>(thresholds.size()) + 1;
    for (std::size_t i = 0; i < count; ++i)
        for (float threshold : thresholds) plan.label[i] += behind.values[i] > threshold;
    remove_specks(plan.label, w.size(), plan.count);
    if (has_subject) {
        // Above everything that is not, as a whole, nearer than the subject.
        plan.subject_layer = 1 + static_cast<int>(std::count_if(thresholds.begin(), thresholds.end(),
                                                                [&](float t) { return t < subject_w; }));
        plan.count += 1;
        for (std::size_t i = 0; i < count; ++i) {
            if (plan.label[i] >= plan.subject_layer) plan.label[i] += 1;
            if (regions.subject.values[i] > 0.5f)
                plan.label[i] = static_cast<std::uint8_t>(plan.subject_layer);
        }
    }
    for (int k = 0; k < plan.count; ++k) {
        plan.extent.push_back(extent_of(plan.label, w.size(), k));
        if (k == plan.subject_layer) plan.extent.back() = regions.subject;
    }
    return plan;
}

}  // namespace stillreel::animatic
