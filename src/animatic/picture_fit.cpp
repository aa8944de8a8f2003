#include "animatic/picture_fit.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "animatic/animatic.h"
#include "image/resize.h"

namespace stillreel::animatic {
namespace {

// Texture pixels per frame pixel: enough that a push-in stays sharp, little enough that bilinear samples of
// it do not alias.
constexpr double kTextureDetail = 1.25;
constexpr double kLongestInFrames = 3;
constexpr double kSurroundBrightness = 0.45;

int rounded(double value) { return std::max(2, static_cast<int>(std::lround(value))); }

}  // namespace

image::Size wanted_picture_size(image::Size picture, image::Size frame, Fit fit) {
    const double across = static_cast<double>(frame.width_px) / picture.width_px;
    const double down = static_cast<double>(frame.height_px) / picture.height_px;
    const double scale =
        kTextureDetail * (fit == Fit::cover ? std::max(across, down) : std::min(across, down));
    return {rounded(picture.width_px * scale), rounded(picture.height_px * scale)};
}

image::Rect contained_in(image::Size picture, image::Size frame) {
    const double scale = std::min(static_cast<double>(frame.width_px) / picture.width_px,
                                  static_cast<double>(frame.height_px) / picture.height_px);
    const int width = std::min(frame.width_px, rounded(picture.width_px * scale));
    const int height = std::min(frame.height_px, rounded(picture.height_px * scale));
    return {(frame.width_px - width) / 2, (frame.height_px - height) / 2, width, height};
}

image::Rect reachable_part(image::Size picture, image::Size frame, double focus_x, double focus_y) {
    const double aspect = static_cast<double>(frame.width_px) / frame.height_px;
    const double crop_width = std::min<double>(picture.width_px, picture.height_px * aspect);
    const double crop_height = std::min<double>(picture.height_px, picture.width_px / aspect);
    const auto reach = [](int length, double crop, double focus) {
        const int part = std::min(length, static_cast<int>(std::ceil(crop * kLongestInFrames)));
        const int first = static_cast<int>(std::lround(focus * length - part / 2.0));
        return std::pair{std::clamp(first, 0, length - part), part};
    };
    const auto [x, width] = reach(picture.width_px, crop_width, focus_x);
    const auto [y, height] = reach(picture.height_px, crop_height, focus_y);
    return {x, y, width, height};
}

Analysis part_of(const Analysis& analysis, image::Size picture, const image::Rect& part) {
    const double across = static_cast<double>(analysis.disparity.width_px) / picture.width_px;
    const double down = static_cast<double>(analysis.disparity.height_px) / picture.height_px;
    const image::Rect area{static_cast<int>(part.x * across), static_cast<int>(part.y * down),
                           rounded(part.width_px * across), rounded(part.height_px * down)};
    Analysis cut;
    cut.disparity = image::crop(analysis.disparity, area);
    cut.regions.subject = image::crop(analysis.regions.subject, area);
    cut.regions.sky = image::crop(analysis.regions.sky, area);
    cut.regions.water = image::crop(analysis.regions.water, area);
    cut.regions.foliage = image::crop(analysis.regions.foliage, area);
    cut.horizon = (analysis.horizon * picture.height_px - part.y) / part.height_px;
    cut.focus_x = std::clamp((analysis.focus_x * picture.width_px - part.x) / part.width_px, 0.0, 1.0);
    cut.focus_y = std::clamp((analysis.focus_y * picture.height_px - part.y) / part.height_px, 0.0, 1.0);
    const image::Rect& box = analysis.subject_box;
    const int left = std::max(box.x, area.x), right = std::min(box.x + box.width_px, area.x + area.width_px);
    const int top = std::max(box.y, area.y),
              bottom = std::min(box.y + box.height_px, area.y + area.height_px);
    cut.has_subject = analysis.has_subject && right > left && bottom > top;
    if (cut.has_subject) cut.subject_box = {left - area.x, top - area.y, right - left, bottom - top};
    return cut;
}

image::Image at_size(image::Image picture, image::Size wanted) {
    const double ratio = static_cast<double>(picture.width_px) / wanted.width_px;
    if (ratio >= 1 && ratio < 1.1) return picture;
    return image::resize(picture, wanted, ratio < 1 ? image::Filter::lanczos : image::Filter::bilinear);
}

image::Image surround_of(const image::Image& picture, image::Size frame,
                         const std::optional<image::Colour>& colour) {
    image::Image surround(frame.width_px, frame.height_px, 4);
    cv::Mat out(frame.height_px, frame.width_px, CV_8UC4, surround.pixels.data());
    if (colour) {
        out.setTo(cv::Scalar(colour->r, colour->g, colour->b, 255));
        return surround;
    }
    const double aspect = static_cast<double>(frame.width_px) / frame.height_px;
    const int width = std::min(picture.width_px, rounded(picture.height_px * aspect));
    const int height = std::min(picture.height_px, rounded(picture.width_px / aspect));
    const cv::Mat whole(picture.height_px, picture.width_px, CV_8UC3,
                        const_cast<std::uint8_t*>(picture.pixels.data()));
    const cv::Mat middle =
        whole(cv::Rect((picture.width_px - width) / 2, (picture.height_px - height) / 2, width, height));
    const double shrink = 96.0 / std::max(frame.width_px, frame.height_px);
    cv::Mat small, large;
    cv::resize(middle, small, {rounded(frame.width_px * shrink), rounded(frame.height_px * shrink)}, 0, 0,
               cv::INTER_AREA);
    cv::GaussianBlur(small, small, {0, 0}, 4);
    small.convertTo(small, CV_8UC3, kSurroundBrightness);
    cv::resize(small, large, {frame.width_px, frame.height_px}, 0, 0, cv::INTER_CUBIC);
    cv::cvtColor(large, out, cv::COLOR_RGB2RGBA);
    return surround;
}

}  // namespace stillreel::animatic
