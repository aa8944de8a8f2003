#include "animatic/analysis_filters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>

namespace stillreel::animatic {

using image::Image;
using image::Plane;

cv::Mat mat_of(Plane& plane) { return {plane.height_px, plane.width_px, CV_32F, plane.values.data()}; }

const cv::Mat mat_of(const Plane& plane) {
    return {plane.height_px, plane.width_px, CV_32F, const_cast<float*>(plane.values.data())};
}

const cv::Mat mat_of(const Image& picture) {
    return {picture.height_px, picture.width_px, CV_8UC(picture.channels),
            const_cast<std::uint8_t*>(picture.pixels.data())};
}

Plane plane_of(const cv::Mat& matrix) {
    Plane plane(matrix.cols, matrix.rows);
    cv::Mat target = mat_of(plane);
    matrix.copyTo(target);
    return plane;
}

void make_opencv_repeatable() {
    cv::setNumThreads(1);
    cv::setRNGSeed(20240607);
}

Plane box_mean(const Plane& plane, int radius_px) {
    Plane result(plane.width_px, plane.height_px);
    cv::Mat target = mat_of(result);
    cv::blur(mat_of(plane), target, cv::Size(2 * radius_px + 1, 2 * radius_px + 1), cv::Point(-1, -1),
             cv::BORDER_REFLECT);
    return result;
}

Plane gaussian(const Plane& plane, double sigma_px) {
    Plane result(plane.width_px, plane.height_px);
    cv::Mat target = mat_of(result);
    cv::GaussianBlur(mat_of(plane), target, cv::Size(0, 0), sigma_px, sigma_px, cv::BORDER_REFLECT);
    return result;
}

namespace {

int interpolation(image::Size from, image::Size to) {
    return to.width_px < from.width_px || to.height_px < from.height_px ? cv::INTER_AREA : cv::INTER_LINEAR;
}

}  // namespace

Plane resized(const Plane& plane, image::Size size) {
    if (plane.size() == size) return plane;
    Plane result(size.width_px, size.height_px);
    cv::Mat target = mat_of(result);
    cv::resize(mat_of(plane), target, target.size(), 0, 0, interpolation(plane.size(), size));
    return result;
}

Image resized(const Image& picture, image::Size size) {
    if (picture.size() == size) return picture;
    Image result(size.width_px, size.height_px, picture.channels);
    cv::Mat target = mat_of(result);
    cv::resize(mat_of(picture), target, target.size(), 0, 0, interpolation(picture.size(), size));
    return result;
}

double mean_of(const Plane& plane) {
    return std::accumulate(plane.values.begin(), plane.values.end(), 0.0) /
           static_cast<double>(plane.values.size());
}

float percentile(const Plane& plane, double fraction) {
    std::vector<float> sorted = plane.values;
    const auto at =
        static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
    return sorted[at];
}

float ramp(float value, float low, float high) {
    return std::clamp((value - low) / (high - low), 0.0f, 1.0f);
}

void remove_small_parts(Plane& mask, int area_px) {
    cv::Mat labels, stats, centres;
    const int count =
        cv::connectedComponentsWithStats(mat_of(mask) > 0.5f, labels, stats, centres, 4, CV_32S);
    std::vector<bool> small(static_cast<std::size_t>(count), false);
    for (int i = 1; i < count; ++i) small[i] = stats.at<int>(i, cv::CC_STAT_AREA) < area_px;
    for (int y = 0; y < mask.height_px; ++y)
        for (int x = 0; x < mask.width_px; ++x)
            if (small[labels.at<int>(y, x)]) mask.at(x, y) = 0;
}

GuidedFilter::GuidedFilter(const Image& rgb, int radius_px, float epsilon) : radius_px_(radius_px) {
    const int width = rgb.width_px, height = rgb.height_px;
    r_ = g_ = b_ = Plane(width, height);
    for (std::size_t i = 0; i < r_.values.size(); ++i) {
        r_.values[i] = rgb.pixels[3 * i] / 255.0f;
        g_.values[i] = rgb.pixels[3 * i + 1] / 255.0f;
        b_.values[i] = rgb.pixels[3 * i + 2] / 255.0f;
    }
    mean_r_ = box_mean(r_, radius_px);
    mean_g_ = box_mean(g_, radius_px);
    mean_b_ = box_mean(b_, radius_px);
    const auto covariance = [&](const Plane& p, const Plane& q, const Plane& mean_p, const Plane& mean_q) {
        Plane product = p;
        for (std::size_t i = 0; i < product.values.size(); ++i) product.values[i] *= q.values[i];
        product = box_mean(product, radius_px);
        for (std::size_t i = 0; i < product.values.size(); ++i)
            product.values[i] -= mean_p.values[i] * mean_q.values[i];
        return product;
    };
    const Plane rr = covariance(r_, r_, mean_r_, mean_r_), rg = covariance(r_, g_, mean_r_, mean_g_);
    const Plane rb = covariance(r_, b_, mean_r_, mean_b_), gg = covariance(g_, g_, mean_g_, mean_g_);
    const Plane gb = covariance(g_, b_, mean_g_, mean_b_), bb = covariance(b_, b_, mean_b_, mean_b_);
    for (Plane& plane : inverse_) plane = Plane(width, height);
    for (std::size_t i = 0; i < r_.values.size(); ++i) {
        const float a = rr.values[i] + epsilon, d = gg.values[i] + epsilon, f = bb.values[i] + epsilon;
        const float b = rg.values[i], c = rb.values[i], e = gb.values[i];
        const float minor_a = d * f - e * e, minor_b = c * e - b * f, minor_c = b * e - c * d;
        const float scale = 1.0f / (a * minor_a + b * minor_b + c * minor_c);
        inverse_[0].values[i] = minor_a * scale;
        inverse_[1].values[i] = minor_b * scale;
        inverse_[2].values[i] = minor_c * scale;
        inverse_[3].values[i] = (a * f - c * c) * scale;
        inverse_[4].values[i] = (b * c - a * e) * scale;
        inverse_[5].values[i] = (a * d - b * b) * scale;
    }
}

Plane GuidedFilter::operator()(const Plane& plane) const {
    const std::size_t count = plane.values.size();
    const auto times = [&](const Plane& p) {
        Plane product = p;
        for (std::size_t i = 0; i < count; ++i) product.values[i] *= plane.values[i];
        return box_mean(product, radius_px_);
    };
    Plane mean = box_mean(plane, radius_px_);
    Plane a_r = times(r_), a_g = times(g_), a_b = times(b_);
    for (std::size_t i = 0; i < count; ++i) {
        const float cr = a_r.values[i] - mean_r_.values[i] * mean.values[i];
        const float cg = a_g.values[i] - mean_g_.values[i] * mean.values[i];
        const float cb = a_b.values[i] - mean_b_.values[i] * mean.values[i];
        a_r.values[i] = inverse_[0].values[i] * cr + inverse_[1].values[i] * cg + inverse_[2].values[i] * cb;
        a_g.values[i] = inverse_[1].values[i] * cr + inverse_[3].values[i] * cg + inverse_[4].values[i] * cb;
        a_b.values[i] = inverse_[2].values[i] * cr + inverse_[4].values[i] * cg + inverse_[5].values[i] * cb;
        mean.values[i] -= a_r.values[i] * mean_r_.values[i] + a_g.values[i] * mean_g_.values[i] +
                          a_b.values[i] * mean_b_.values[i];
    }
    a_r = box_mean(a_r, radius_px_);
    a_g = box_mean(a_g, radius_px_);
    a_b = box_mean(a_b, radius_px_);
    mean = box_mean(mean, radius_px_);
    for (std::size_t i = 0; i < count; ++i)
        mean.values[i] +=
            a_r.values[i] * r_.values[i] + a_g.values[i] * g_.values[i] + a_b.values[i] * b_.values[i];
    return mean;
}

}  // namespace stillreel::animatic
