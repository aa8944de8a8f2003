#include "diffusion/image_preparation.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "image/resize.h"
#include "models/config_fields.h"

namespace stillreel::diffusion {
namespace {

using image::Image;
using image::Size;

constexpr double kLargestScaledPixels = 1 << 28;

/// Python's a // b for positive floats: 1.0 // 0.1 is 9, where floor(1.0 / 0.1) is 10.
double floor_divided(double a, double b) {
    const double quotient = (a - std::fmod(a, b)) / b;
    const double whole = std::floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}

/// Half of a margin, rounded down also below 0: where the crop begins.
int half_of_margin(int outer, int inner) {
    const int margin = outer - inner;
    return (margin - (margin < 0 ? 1 : 0)) / 2;
}

/// Scaled so that `size` just fits in, then cut out of the middle. The floor can make the scaled picture a
/// pixel too small; what the crop then has outside of it is black.
Image centre_crop_wide(const Image& picture, Size size) {
    const double scale = std::min(static_cast<double>(picture.width_px) / size.width_px,
                                  static_cast<double>(picture.height_px) / size.height_px);
    const double width = floor_divided(picture.width_px, scale);
    const double height = floor_divided(picture.height_px, scale);
    if (width * height > kLargestScaledPixels)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("a picture of {}x{} pixels cannot fill a clip of {}x{}: crop it first",
                                picture.width_px, picture.height_px, size.width_px, size.height_px));
    const Size scaled{static_cast<int>(width), static_cast<int>(height)};
    const Image resized = image::resize(picture, scaled, image::Filter::box);
    return image::crop(resized,
                       {half_of_margin(scaled.width_px, size.width_px),
                        half_of_margin(scaled.height_px, size.height_px), size.width_px, size.height_px});
}

/// (x / 255 - mean) / deviation, each step rounded to float32 as in the reference.
std::vector<float> normalised(const Image& picture, const ClipPreprocessing& preprocessing) {
    std::vector<float> values(picture.pixels.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = (static_cast<float>(picture.pixels[i]) / 255.0f - preprocessing.mean[i % 3]) /
                    preprocessing.deviation[i % 3];
    return values;
}

std::vector<float> centred(const Image& picture) {
    std::vector<float> values(picture.pixels.size());
    std::transform(picture.pixels.begin(), picture.pixels.end(), values.begin(),
                   [](std::uint8_t value) { return 2.0f * (static_cast<float>(value) / 255.0f) - 1.0f; });
    return values;
}

std::array<float, 3> three_numbers(const models::ConfigFields& fields, const char* field,
                                   const std::array<float, 3>& otherwise) {
    const std::vector<double> numbers = fields.numbers(field, {otherwise.begin(), otherwise.end()});
    return {static_cast<float>(numbers[0]), static_cast<float>(numbers[1]), static_cast<float>(numbers[2])};
}

}  // namespace

ClipPreprocessing parse_clip_preprocessing(std::string_view json) {
    const models::ConfigFields fields(json, "feature_extractor/preprocessor_config.json");
    ClipPreprocessing config;
    if (fields.is_object("crop_size")) {
        const models::ConfigFields size = fields.object("crop_size");
        config.size.width_px = static_cast<int>(size.count("width", config.size.width_px));
        config.size.height_px = static_cast<int>(size.count("height", config.size.height_px));
    } else {  // older files: one number
        const int side = static_cast<int>(fields.count("crop_size", config.size.width_px));
        config.size = {side, side};
    }
    config.mean = three_numbers(fields, "image_mean", config.mean);
    config.deviation = three_numbers(fields, "image_std", config.deviation);
    const auto& deviation = config.deviation;
    if (std::any_of(deviation.begin(), deviation.end(), [](float value) { return !(value > 0); }))
        fields.reject("image_std", "numbers above 0 were expected");
    return config;
}

PreparedPicture prepare_picture(const Image& picture, Size clip, const ClipPreprocessing& preprocessing) {
    STILLREEL_CHECK_EQ(picture.channels, 3);
    PreparedPicture prepared;
    prepared.square = centre_crop_wide(picture, {clip.width_px, clip.width_px});
    prepared.clip_image = image::resize(prepared.square, preprocessing.size, image::Filter::bilinear);
    prepared.clip_pixels = normalised(prepared.clip_image, preprocessing);
    prepared.crop = centre_crop_wide(picture, clip);
    prepared.vae_pixels = centred(prepared.crop);
    return prepared;
}

}  // namespace stillreel::diffusion
