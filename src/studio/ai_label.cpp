#include "studio/ai_label.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "image/picture_file.h"
#include "image/resize.h"

extern "C" {
extern const unsigned char stillreel_label_zh[], stillreel_label_zh_end[];
extern const unsigned char stillreel_label_en[], stillreel_label_en_end[];
}

namespace stillreel::studio {
namespace {

constexpr double kLabelSeconds = 2;
constexpr double kSafeArea = 0.05;
constexpr double kPlateOpacity = 0.6;
// Height of the words' ink as a fraction of the shorter side: so much that the capitals alone, 0.79 (zh) and
// 0.74 (en) of the ink, reach 5 %.
constexpr double kInkHeightZh = 0.066;
constexpr double kInkHeightEn = 0.070;

/// True for the first byte of a three-byte UTF-8 sequence in U+3400 to U+9FFF, the range of Chinese
/// characters.
bool has_chinese(std::string_view text) {
    for (std::size_t i = 0; i + 2 < text.size(); ++i) {
        const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[i + k]); };
        if ((byte(0) & 0xf0) != 0xe0) continue;
        const int code = (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
        if (code >= 0x3400 && code <= 0x9fff) return true;
    }
    return false;
}

image::Image words_picture(LabelLanguage language) {
    const bool zh = language == LabelLanguage::zh;
    const auto* begin = zh ? stillreel_label_zh : stillreel_label_en;
    const auto* end = zh ? stillreel_label_zh_end : stillreel_label_en_end;
    return image::decode_picture({begin, end}, zh ? "label zh" : "label en");
}

std::uint8_t blend(std::uint8_t under, int over, double alpha) {
    return static_cast<std::uint8_t>(std::lround(under + (over - under) * alpha));
}

}  // namespace

std::string aigc_json(std::string_view produce_id) {
    const nlohmann::ordered_json label = {
        {"Label", "1"},        {"ContentProducer", "stillreel"}, {"ProduceID", produce_id},
        {"ReservedCode1", ""}, {"ContentPropagator", ""},        {"PropagateID", ""},
        {"ReservedCode2", ""},
    };
    return label.dump();
}

LabelLanguage label_language(const ClipSpec& spec) {
    if (spec.label_language != LabelLanguage::from_prompt) return spec.label_language;
    return has_chinese(spec.prompt) ? LabelLanguage::zh : LabelLanguage::en;
}

int labelled_frames(const Rational& fps, int frames) {
    return std::min(frames, static_cast<int>(std::ceil(kLabelSeconds * fps.value())));
}

VisibleLabel::VisibleLabel(image::Size frame, LabelLanguage language) {
    STILLREEL_CHECK(language != LabelLanguage::from_prompt);
    const image::Image words = words_picture(language);
    const int shorter = std::min(frame.width_px, frame.height_px);
    const double share = language == LabelLanguage::zh ? kInkHeightZh : kInkHeightEn;
    const int height = std::max(1, static_cast<int>(std::ceil(share * shorter)));
    const int width = std::max(
        1, static_cast<int>(std::lround(static_cast<double>(words.width_px) * height / words.height_px)));
    const image::Image scaled = image::resize(words, {width, height}, image::Filter::bilinear);
    mask_ = image::Image(width, height, 1);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) *mask_.at(x, y) = *scaled.at(x, y);

    const int left = static_cast<int>(std::ceil(kSafeArea * frame.width_px));
    const int top = static_cast<int>(std::ceil(kSafeArea * frame.height_px));
    const int padding = std::max(1, height / 3);
    plate_ = {left, top, width + 2 * padding, height + 2 * padding};
    words_ = {left + padding, top + padding, width, height};
}

void VisibleLabel::draw(image::Image& frame) const {
    const int bottom = std::min(frame.height_px, plate_.y + plate_.height_px);
    const int right = std::min(frame.width_px, plate_.x + plate_.width_px);
    const int colours = std::min(frame.channels, 3);
    for (int y = plate_.y; y < bottom; ++y)
        for (int x = plate_.x; x < right; ++x) {
            const int mask_x = x - words_.x, mask_y = y - words_.y;
            const bool inked =
                mask_x >= 0 && mask_y >= 0 && mask_x < words_.width_px && mask_y < words_.height_px;
            const double ink = inked ? *mask_.at(mask_x, mask_y) / 255.0 : 0.0;
            std::uint8_t* pixel = frame.at(x, y);
            for (int c = 0; c < colours; ++c) pixel[c] = blend(blend(pixel[c], 0, kPlateOpacity), 255, ink);
        }
}

}  // namespace stillreel::studio
