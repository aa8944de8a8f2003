#include "animatic/subject.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace stillreel::animatic {

using image::Plane;

namespace {

constexpr int kCutPx = 160;  // longer side at which GrabCut runs: its time grows with the pixels

/// Otsu's threshold of values in [0, 1].
float otsu(const Plane& plane) {
    std::vector<double> histogram(64, 0.0);
    for (float value : plane.values)
        histogram[static_cast<std::size_t>(std::clamp(value, 0.0f, 1.0f) * 63)] += 1;
    const auto total = static_cast<double>(plane.values.size());
    double sum = 0, below = 0, below_sum = 0, best = -1;
    for (int i = 0; i < 64; ++i) sum += i * histogram[i];
    int threshold = 32;
    for (int i = 0; i < 63; ++i) {
        below += histogram[i];
        below_sum += i * histogram[i];
        if (below < 1 || total - below < 1) continue;
        const double difference = below_sum / below - (sum - below_sum) / (total - below);
        const double between = below * (total - below) * difference * difference;
        if (between > best) best = between, threshold = i;
    }
    return static_cast<float>(threshold + 1) / 64.0f;
}

/// GrabCut from the saliency: certain background is what hardly stands out along the borders and the sky.
Plane grab_cut(const Features& f, const Plane& saliency, const Plane& sky) {
    const double scale = std::min(1.0, static_cast<double>(kCutPx) / std::max(f.width(), f.height()));
    const image::Size size{std::max(8, static_cast<int>(std::lround(f.width() * scale))),
                           std::max(8, static_cast<int>(std::lround(f.height() * scale)))};
    const image::Image rgb = resized(f.rgb, size);
    const Plane salient = resized(saliency, size), up = resized(sky, size);
    const float threshold = std::clamp(otsu(salient), 0.2f, 0.6f);
    const int strip = std::max(1, size.width_px / 40);
    cv::Mat labels(size.height_px, size.width_px, CV_8U);
    int foreground = 0, background = 0;
    for (int y = 0; y < size.height_px; ++y)
        for (int x = 0; x < size.width_px; ++x) {
            const float s = salient.at(x, y);
            const bool border = x < strip || x >= size.width_px - strip || y < strip;
            std::uint8_t label = s > threshold ? cv::GC_PR_FGD : cv::GC_PR_BGD;
            if (up.at(x, y) > 0.8f || (border && s < threshold) || s < 0.1f * threshold) label = cv::GC_BGD;
            if (s > threshold + 0.6f * (1 - threshold) && !border) label = cv::GC_FGD;
            labels.at<std::uint8_t>(y, x) = label;
            (label == cv::GC_FGD || label == cv::GC_PR_FGD ? foreground : background) += 1;
        }
    Plane cut(size.width_px, size.height_px);
    if (foreground < 40 || background < 40) return resized(cut, f.rgb.size());
    cv::Mat background_model, foreground_model;
    make_opencv_repeatable();
    cv::grabCut(mat_of(rgb), labels, cv::Rect(), background_model, foreground_model, 3,
                cv::GC_INIT_WITH_MASK);
    for (int y = 0; y < size.height_px; ++y)
        for (int x = 0; x < size.width_px; ++x)
            cut.at(x, y) = labels.at<std::uint8_t>(y, x) & 1 ? 1.0f : 0.0f;
    return resized(cut, f.rgb.size());
}

/// GrabCut was told that the outermost cells are background; where the subject goes on there in its own
/// colour, it runs out of the picture.
void extend_to_borders(Plane& cut, const Features& f) {
    const int width = cut.width_px, height = cut.height_px, strip = width / 40 + 2;
    constexpr float kSameColour = 45;
    const auto carry = [&](int from_x, int from_y, int x, int y) {
        const int from = from_y * width + from_x, to = y * width + x;
        const float step = std::abs(f.lightness.values[to] - f.lightness.values[from]) +
                           std::abs(f.a.values[to] - f.a.values[from]) +
                           std::abs(f.b.values[to] - f.b.values[from]);
        if (cut.values[from] > 0.5f && step < kSameColour) cut.values[to] = 1;
    };
    for (int y = 0; y < height; ++y)
        for (int x = std::min(strip, width - 1); x > 0; --x) {
            carry(x, y, x - 1, y);
            carry(width - 1 - x, y, width - x, y);
        }
    for (int y = std::min(strip, height - 1); y > 0; --y)
        for (int x = 0; x < width; ++x) carry(x, y, x, y - 1);
}

/// Against the sky everything on top of a subject belongs to it (a hat, a mast, a spire), whatever its
/// colour.
void complete_against_sky(Plane& mask, const Plane& sky, const image::Rect& box) {
    const int width = mask.width_px, margin = std::max(1, box.width_px / 8);
    const int left = std::max(0, box.x - margin), right = std::min(width, box.x + box.width_px + margin);
    const int bottom = box.y + box.height_px / 4;
    Plane grown = mask;
    std::vector<int> open;
    const auto visit = [&](int x, int y) {
        if (x < left || x >= right || y < 0 || y >= bottom || grown.at(x, y) > 0.5f || sky.at(x, y) > 0.4f)
            return;
        grown.at(x, y) = 1;
        open.push_back(y * width + x);
    };
    for (int y = 0; y < bottom; ++y)
        for (int x = left; x < right; ++x)
            if (mask.at(x, y) > 0.5f) visit(x - 1, y), visit(x + 1, y), visit(x, y - 1), visit(x, y + 1);
    std::size_t added = open.size();
    for (; !open.empty(); ++added) {
        const int x = open.back() % width, y = open.back() / width;
        open.pop_back();
        visit(x - 1, y), visit(x + 1, y), visit(x, y - 1), visit(x, y + 1);
    }
    if (static_cast<double>(added) < 0.3 * mean_of(mask) * static_cast<double>(mask.values.size()))
        mask = grown;
}

/// A dark scarf or collar can part a head from its body: parts right above each other are joined by what is
/// between.
void join_stacked_parts(cv::Mat& mask) {
    cv::Mat labels, stats, centres;
    const int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 4, CV_32S);
    const auto box_of = [&](int i) {
        return cv::Rect(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP),
                        stats.at<int>(i, cv::CC_STAT_WIDTH), stats.at<int>(i, cv::CC_STAT_HEIGHT));
    };
    int largest = 1;
    for (int i = 1; i < count; ++i)
        if (stats.at<int>(i, cv::CC_STAT_AREA) > stats.at<int>(largest, cv::CC_STAT_AREA)) largest = i;
    for (int i = 1; i < count; ++i) {
        const cv::Rect lower = box_of(largest), upper = box_of(i);
        const bool above =
            upper.y < lower.y && upper.x >= lower.x && upper.x + upper.width <= lower.x + lower.width;
        if (i == largest || !above ||
            stats.at<int>(i, cv::CC_STAT_AREA) * 12 < stats.at<int>(largest, cv::CC_STAT_AREA))
            continue;
        // Filled column by column in the middle of the upper part, as far as the gap is small.
        for (int x = upper.x + upper.width / 5; x < upper.x + upper.width - upper.width / 5; ++x) {
            int bottom = upper.y + upper.height - 1;
            while (bottom > upper.y && labels.at<int>(bottom, x) != i) --bottom;
            int top = bottom;
            while (top < mask.rows && labels.at<int>(top, x) != largest) ++top;
            if (top == mask.rows || top - bottom > mask.rows / 5) continue;
            for (int y = bottom; y < top; ++y) mask.at<std::uint8_t>(y, x) = 255;
        }
    }
}

/// Opens thin bridges, keeps the largest part, fills holes. Empty when the rest is too much to be left out.
Plane tidied(const Plane& cut) {
    cv::Mat mask = mat_of(cut) > 0.5f;
    const int radius = std::max(1, cut.width_px / 128);
    const cv::Mat disc =
        cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(2 * radius + 1, 2 * radius + 1));
    cv::morphologyEx(mask, mask, cv::MORPH_OPEN, disc);
    cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, disc);
    join_stacked_parts(mask);
    cv::Mat labels, stats, centres;
    const int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 4, CV_32S);
    int largest = 0, largest_px = 0, all_px = 0;
    for (int i = 1; i < count; ++i) {
        const int area_px = stats.at<int>(i, cv::CC_STAT_AREA);
        all_px += area_px;
        if (area_px > largest_px) largest = i, largest_px = area_px;
    }
    Plane tidy(cut.width_px, cut.height_px);
    if (largest_px < 0.72 * all_px) return tidy;
    for (int y = 0; y < cut.height_px; ++y)
        for (int x = 0; x < cut.width_px; ++x) tidy.at(x, y) = largest > 0 && labels.at<int>(y, x) == largest;
    Plane holes = tidy;
    for (float& value : holes.values) value = 1 - value;
    const int hole_px = cut.width_px * cut.height_px / 200;
    Plane big_holes = holes;
    remove_small_parts(big_holes, hole_px);
    for (std::size_t i = 0; i < tidy.values.size(); ++i) tidy.values[i] = 1 - big_holes.values[i];
    return tidy;
}

struct CutFacts {
    double area = 0, solidity = 0, roundness = 0, edge_ratio = 0, saliency_ratio = 0, centre_x = 0.5;
    double distinct = 0;  // share of the outline that parts two colours
    double on_edges = 0;  // share of the outline that lies on strong edges of the picture
    double alike = 0;     // overlap of the colours inside and outside, 0 to 1
    double breadth = 1;   // width of the box for its height
    int sides = 0;
};

int sides_touched(const Plane& mask) {
    const int width = mask.width_px, height = mask.height_px;
    const int margin = std::min({width, height, 1 + std::max(width, height) / 32}) -
                       1;  // GrabCut was told that the outermost pixels are background
    std::array<double, 4> touch{};
    for (int x = 0; x < width; ++x) {
        touch[0] += static_cast<double>(mask.at(x, margin)) / width;
        touch[1] += static_cast<double>(mask.at(x, height - 1)) / width;
    }
    for (int y = 0; y < height; ++y) {
        touch[2] += static_cast<double>(mask.at(margin, y)) / height;
        touch[3] += static_cast<double>(mask.at(width - 1 - margin, y)) / height;
    }
    return static_cast<int>(std::count_if(touch.begin(), touch.end(), [](double t) { return t > 0.03; }));
}

constexpr float kDistinct = 14;  // L*a*b* units

/// At each pixel, how much the colours inside of the mask and outside of it differ around there.
cv::Mat local_contrast(const Plane& mask, const Features& f) {
    constexpr int kRadiusPx = 6;
    const cv::Mat inside = mat_of(mask), outside = 1 - inside;
    const cv::Size window(2 * kRadiusPx + 1, 2 * kRadiusPx + 1);
    cv::Mat share_in, share_out, sum_in, sum_out, contrast = cv::Mat::zeros(inside.size(), CV_32F);
    cv::blur(inside, share_in, window);
    cv::blur(outside, share_out, window);
    for (const Plane* channel : {&f.lightness, &f.a, &f.b}) {
        cv::blur(mat_of(*channel).mul(inside), sum_in, window);
        cv::blur(mat_of(*channel).mul(outside), sum_out, window);
        const cv::Mat step = sum_in / (share_in + 1e-3f) - sum_out / (share_out + 1e-3f);
        contrast += step.mul(step);
    }
    cv::sqrt(contrast, contrast);
    return contrast;
}

/// Bhattacharyya overlap of the colour histograms inside and outside of the mask.
double colour_overlap(const Plane& mask, const Features& f) {
    constexpr int kBins = 10;
    const auto bin = [](float value, float low, float step) {
        return std::clamp(static_cast<int>((value - low) / step), 0, kBins - 1);
    };
    std::vector<double> inside(kBins * kBins * kBins, 0.0), outside = inside;
    double count_in = 1e-6, count_out = 1e-6;
    for (std::size_t i = 0; i < mask.values.size(); ++i) {
        const int at = (bin(f.lightness.values[i], 0, 10) * kBins + bin(f.a.values[i], -60, 12)) * kBins +
                       bin(f.b.values[i], -60, 12);
        inside[at] += mask.values[i], count_in += mask.values[i];
        outside[at] += 1 - mask.values[i], count_out += 1 - mask.values[i];
    }
    double overlap = 0;
    for (std::size_t i = 0; i < inside.size(); ++i)
        overlap += std::sqrt(inside[i] / count_in * outside[i] / count_out);
    return overlap;
}

CutFacts facts_of(const Plane& mask, const Features& f, const Plane& saliency) {
    CutFacts facts;
    facts.area = mean_of(mask);
    if (facts.area <= 0) return facts;
    cv::Mat binary = mat_of(mask) > 0.5f, inner, outer;
    std::vector<std::vector<cv::Point>> outlines;
    cv::findContours(binary.clone(), outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
    double outline = 0, outlined = 0, hull_area = 0;
    for (const auto& points : outlines) {
        std::vector<cv::Point> hull;
        cv::convexHull(points, hull);
        outline += cv::arcLength(points, true);
        outlined += cv::contourArea(points);
        hull_area += cv::contourArea(hull);
    }
    facts.solidity = outlined / std::max(1.0, hull_area);
    facts.roundness = 4 * CV_PI * outlined / std::max(1.0, outline * outline);
    facts.sides = sides_touched(mask);
    facts.centre_x =
        cv::moments(binary, true).m10 / std::max(1.0, cv::moments(binary, true).m00) / mask.width_px;

    cv::erode(binary, inner, cv::Mat::ones(3, 3, CV_8U));
    cv::dilate(binary, outer, cv::Mat::ones(3, 3, CV_8U));
    const cv::Mat rim = outer - inner;
    facts.edge_ratio = cv::mean(mat_of(f.edge), rim)[0] / std::max(0.1, mean_of(f.edge));
    const double salient_in = cv::mean(mat_of(saliency), binary)[0];
    const double salient_out = cv::mean(mat_of(saliency), ~binary)[0];
    facts.saliency_ratio = salient_in / std::max(0.02, salient_out);
    cv::Mat edge;
    cv::dilate(mat_of(f.edge), edge, cv::Mat::ones(3, 3, CV_8U));
    facts.on_edges = cv::mean(edge > 2.5 * mean_of(f.edge), rim)[0] / 255;
    facts.alike = colour_overlap(mask, f);
    const cv::Rect box = cv::boundingRect(binary);
    facts.breadth = static_cast<double>(box.width) / std::max(1, box.height);
    facts.distinct = cv::mean(local_contrast(mask, f) > kDistinct, rim)[0] / 255;
    return facts;
}

/// In a landscape, something broad is a meadow, a forest or a mountain unless it is small and unlike all the
/// rest.
bool is_part_of_the_land(const CutFacts& c, double sky_area) {
    return sky_area > 0.1 && c.breadth > 1.6 && (c.distinct < 0.95 || c.alike > 0.2 || c.area > 0.2);
}

bool plausible(const CutFacts& c) {
    // A slender or branched outline is believed only where it is beyond doubt.
    const double least_solidity = c.distinct > 0.9 && c.alike < 0.35 ? 0.38 : 0.5;
    return c.area > 0.03 && c.area < 0.65 && c.sides < 3 && c.solidity > least_solidity &&
           c.roundness > 0.09 && c.edge_ratio > 1.95 && c.on_edges > 0.6 && c.saliency_ratio > 1.8 &&
           c.distinct > 0.68 && c.alike < 0.78 && c.centre_x > 0.15 && c.centre_x < 0.85;
}

/// Box, and the point to keep in view: the centre, or the head's third when the subject is tall.
void measure(Subject& subject) {
    const Plane& mask = subject.mask;
    int left = mask.width_px, right = -1, top = mask.height_px, bottom = -1;
    for (int y = 0; y < mask.height_px; ++y)
        for (int x = 0; x < mask.width_px; ++x)
            if (mask.at(x, y) > 0.5f) {
                left = std::min(left, x), right = std::max(right, x);
                top = std::min(top, y), bottom = std::max(bottom, y);
            }
    subject.found = right >= left;
    if (!subject.found) return;
    subject.box = {left, top, right - left + 1, bottom - top + 1};
    const bool tall = subject.box.height_px > 1.2 * subject.box.width_px;
    double sum_x = 0, sum_y = 0, count = 0;
    const int end = tall ? top + std::max(1, subject.box.height_px / 3) : bottom + 1;
    for (int y = top; y < end; ++y)
        for (int x = left; x <= right; ++x)
            sum_x += mask.at(x, y) * (x + 0.5), sum_y += mask.at(x, y) * (y + 0.5), count += mask.at(x, y);
    subject.focus_x = sum_x / count / mask.width_px;
    subject.focus_y = sum_y / count / mask.height_px;
}

struct Candidate {
    Plane cut;
    CutFacts facts;
    bool good = false;
};

Candidate cut_out(const Features& f, const Plane& saliency, const Plane& sky) {
    Candidate candidate{grab_cut(f, saliency, sky), {}, false};
    extend_to_borders(candidate.cut, f);
    candidate.cut = tidied(candidate.cut);
    candidate.facts = facts_of(candidate.cut, f, saliency);
    candidate.good = plausible(candidate.facts) && !is_part_of_the_land(candidate.facts, mean_of(sky));
    return candidate;
}

}  // namespace

Subject find_subject(const Features& f, const Plane& saliency, const Plane& sky, const GuidedFilter& edges) {
    Subject subject;
    subject.mask = Plane(f.width(), f.height());
    Candidate best = cut_out(f, saliency, sky);
    // Its colours outside of it, too: a piece may be missing. What the bottom corners show decides what
    // counts as backdrop (a table, or a sleeve), so try them as more of one.
    if (best.good && best.facts.alike > 0.55) {
        Candidate other = cut_out(f, saliency_of(f, sky, 0.2), sky);
        if (other.good && other.facts.alike < best.facts.alike) best = std::move(other);
    }
    if (!best.good) return subject;
    subject.mask = best.cut;
    measure(subject);
    if (mean_of(sky) > 0.05) complete_against_sky(best.cut, sky, subject.box);
    subject.mask = edges(best.cut);
    for (float& value : subject.mask.values) value = ramp(value, 0.2f, 0.8f);
    measure(subject);
    return subject;
}

Subject given_subject(Plane mask) {
    Subject subject;
    for (float& value : mask.values) value = std::clamp(value, 0.0f, 1.0f);
    subject.mask = std::move(mask);
    measure(subject);
    return subject;
}

void focus_on_saliency(const Features& f, const Plane& saliency, Subject& subject) {
    // The place where most stands out together, not the mean of all: between two things there may be nothing.
    // What the photographer focused on is sharp.
    const double radius = 0.08 * std::min(saliency.width_px, saliency.height_px);
    const Plane sharp = gaussian(f.edge, radius / 2);
    const float sharpest = std::max(0.1f, *std::max_element(sharp.values.begin(), sharp.values.end()));
    Plane drawn = saliency;
    for (std::size_t i = 0; i < drawn.values.size(); ++i)
        drawn.values[i] *= drawn.values[i] * (0.1f + sharp.values[i] / sharpest);
    const Plane spread = gaussian(drawn, radius);
    double best = -1;
    for (int y = 0; y < saliency.height_px; ++y)
        for (int x = 0; x < saliency.width_px; ++x) {
            const double u = (x + 0.5) / saliency.width_px, v = (y + 0.5) / saliency.height_px;
            const double off_centre = (u - 0.5) * (u - 0.5) + (v - 0.5) * (v - 0.5);
            const double weight = spread.at(x, y) * (1 - 1.2 * off_centre);
            if (weight > best) best = weight, subject.focus_x = u, subject.focus_y = v;
        }
}

}  // namespace stillreel::animatic
