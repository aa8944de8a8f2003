#include "support/flow.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>
#include <stdexcept>

namespace stillreel::testing {
namespace {

constexpr float kTextureThreshold = 2.0f;  // grey levels of contrast in a 9 x 9 window

cv::Mat grey_of(const image::Image& frame) {
    const cv::Mat view(frame.height_px, frame.width_px, CV_8UC(frame.channels),
                       const_cast<std::uint8_t*>(frame.pixels.data()));
    cv::Mat grey;
    if (frame.channels == 1) return view.clone();
    cv::cvtColor(view, grey, frame.channels == 4 ? cv::COLOR_RGBA2GRAY : cv::COLOR_RGB2GRAY);
    return grey;
}

cv::Mat texture_of(const cv::Mat& grey) {
    cv::Mat value, mean, square;
    grey.convertTo(value, CV_32F);
    cv::blur(value, mean, {9, 9});
    cv::blur(value.mul(value), square, {9, 9});
    cv::Mat variance = square - mean.mul(mean);
    return variance > kTextureThreshold * kTextureThreshold;
}

double median_of(std::vector<double> values) {
    if (values.empty()) throw std::invalid_argument("no textured pixel to measure");
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

struct Sample {
    double x, y, u, v;  // place from the frame's centre, and flow
};

/// u = tx + s x - r y, v = ty + s y + r x.
struct Similarity {
    double tx = 0, ty = 0, s = 0, r = 0;
    double distance(const Sample& p) const {
        return std::hypot(p.u - (tx + s * p.x - r * p.y), p.v - (ty + s * p.y + r * p.x));
    }
};

Similarity weighted_fit(const std::vector<Sample>& samples, const std::vector<double>& weights) {
    cv::Matx44d a = cv::Matx44d::zeros();
    cv::Vec4d b = cv::Vec4d::all(0);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const Sample& p = samples[i];
        const std::array<cv::Vec4d, 2> rows = {cv::Vec4d(1, 0, p.x, -p.y), cv::Vec4d(0, 1, p.y, p.x)};
        const std::array<double, 2> values = {p.u, p.v};
        for (int k = 0; k < 2; ++k) {
            a += weights[i] * (rows[k] * rows[k].t());
            b += weights[i] * values[k] * rows[k];
        }
    }
    const cv::Vec4d x = a.solve(b, cv::DECOMP_SVD);
    return {x[0], x[1], x[2], x[3]};
}

/// Least absolute distances by reweighting: what most agree on wins over the few that move otherwise.
Similarity robust_fit(const std::vector<Sample>& samples) {
    std::vector<double> weights(samples.size(), 1.0);
    Similarity fit;
    for (int round = 0; round < 12; ++round) {
        fit = weighted_fit(samples, weights);
        for (std::size_t i = 0; i < samples.size(); ++i)
            weights[i] = 1.0 / std::max(0.05, fit.distance(samples[i]));
    }
    return fit;
}

template <class Inside>
Motion motion_where(const Flow& flow, const Inside& inside) {
    constexpr int kStep = 2, kMargin = 8;  // flow at the very border is a guess
    std::vector<Sample> samples;
    for (int y = kMargin; y < flow.height_px - kMargin; y += kStep)
        for (int x = kMargin; x < flow.width_px - kMargin; x += kStep) {
            const std::size_t i = static_cast<std::size_t>(y) * flow.width_px + x;
            if (flow.texture[i] > 0 && inside(x, y))
                samples.push_back(
                    {x + 0.5 - flow.width_px / 2.0, y + 0.5 - flow.height_px / 2.0, flow.x[i], flow.y[i]});
        }
    std::vector<double> u, v, length, distance;
    for (const Sample& p : samples) {
        u.push_back(p.u);
        v.push_back(p.v);
        length.push_back(std::hypot(p.u, p.v));
    }
    Motion motion;
    motion.x = median_of(u);
    motion.y = median_of(v);
    motion.speed = median_of(length);
    const Similarity fit = robust_fit(samples);
    motion.expansion = fit.s;
    motion.turn_degrees = fit.r * 180 / std::numbers::pi;
    for (const Sample& p : samples) distance.push_back(fit.distance(p));
    motion.residual = median_of(distance);
    return motion;
}

template <class Inside, class Visit>
void each_pixel(const image::Image& picture, const Inside& inside, const Visit& visit) {
    for (int y = 0; y < picture.height_px; ++y)
        for (int x = 0; x < picture.width_px; ++x)
            if (inside(x, y)) visit(picture.at(x, y), x, y);
}

template <class Inside>
double difference_where(const image::Image& a, const image::Image& b, const Inside& inside) {
    if (a.size() != b.size()) throw std::invalid_argument("frames of different sizes");
    double sum = 0, count = 0;
    each_pixel(a, inside, [&](const std::uint8_t* pixel, int x, int y) {
        const std::uint8_t* other = b.at(x, y);
        for (int c = 0; c < 3; ++c) sum += std::abs(int(pixel[c]) - int(other[c]));
        count += 3;
    });
    return count > 0 ? sum / count : 0;
}

template <class Inside>
MeanColour colour_where(const image::Image& picture, const Inside& inside) {
    MeanColour mean;
    double count = 0;
    each_pixel(picture, inside, [&](const std::uint8_t* pixel, int, int) {
        mean.r += pixel[0];
        mean.g += pixel[1];
        mean.b += pixel[2];
        count += 1;
    });
    count = std::max(count, 1.0);
    return {mean.r / count, mean.g / count, mean.b / count};
}

bool everywhere(int, int) { return true; }

auto inside_of(const image::Plane& mask, image::Size frame) {
    return [&mask, frame](int x, int y) { return mask_at(mask, x, y, frame) > 0.5f; };
}

}  // namespace

Flow flow_between(const image::Image& first, const image::Image& second) {
    if (first.size() != second.size()) throw std::invalid_argument("frames of different sizes");
    const cv::Mat from = grey_of(first), to = grey_of(second);
    const auto dis = cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM);
    dis->setFinestScale(0);
    dis->setVariationalRefinementIterations(10);
    cv::Mat flow;
    dis->calc(from, to, flow);
    const cv::Mat texture = texture_of(from);

    Flow result{from.cols, from.rows, {}, {}, {}};
    for (int y = 0; y < flow.rows; ++y)
        for (int x = 0; x < flow.cols; ++x) {
            const auto way = flow.at<cv::Vec2f>(y, x);
            result.x.push_back(way[0]);
            result.y.push_back(way[1]);
            result.texture.push_back(texture.at<std::uint8_t>(y, x) ? 1.0f : 0.0f);
        }
    return result;
}

Motion motion_of(const Flow& flow) { return motion_where(flow, everywhere); }

Motion motion_of(const Flow& flow, const image::Plane& mask) {
    return motion_where(flow, inside_of(mask, {flow.width_px, flow.height_px}));
}

double jerk(const std::vector<double>& positions) {
    if (positions.size() < 4) throw std::invalid_argument("jerk needs at least four positions");
    double sum = 0;
    for (std::size_t i = 3; i < positions.size(); ++i) {
        const double third = positions[i] - 3 * positions[i - 1] + 3 * positions[i - 2] - positions[i - 3];
        sum += third * third;
    }
    return std::sqrt(sum / static_cast<double>(positions.size() - 3));
}

double mean_difference(const image::Image& a, const image::Image& b) {
    return difference_where(a, b, everywhere);
}
double mean_difference(const image::Image& a, const image::Image& b, const image::Plane& mask) {
    return difference_where(a, b, inside_of(mask, a.size()));
}

MeanColour mean_colour(const image::Image& picture) { return colour_where(picture, everywhere); }
MeanColour mean_colour(const image::Image& picture, const image::Plane& mask) {
    return colour_where(picture, inside_of(mask, picture.size()));
}

float mask_at(const image::Plane& mask, int x, int y, image::Size frame) {
    const int mx = std::min(mask.width_px - 1, static_cast<int>((x + 0.5) * mask.width_px / frame.width_px));
    const int my =
        std::min(mask.height_px - 1, static_cast<int>((y + 0.5) * mask.height_px / frame.height_px));
    return mask.at(mx, my);
}

}  // namespace stillreel::testing
