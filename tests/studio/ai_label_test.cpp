#include "studio/ai_label.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace stillreel::studio {
namespace {

TEST(AiLabel, HasTheSevenFieldsOfTheStandardAndSaysOne) {
    const auto label = nlohmann::json::parse(aigc_json("abc"));
    EXPECT_EQ(label.size(), 7u);
    for (const char* field : {"Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator",
                              "PropagateID", "ReservedCode2"})
        EXPECT_TRUE(label.at(field).is_string()) << field;
    EXPECT_EQ(label["Label"], "1");
    EXPECT_EQ(label["ProduceID"], "abc");
}

TEST(AiLabel, SpeaksTheLanguageOfThePrompt) {
    ClipSpec spec;
    EXPECT_EQ(label_language(spec), LabelLanguage::en);
    spec.prompt = "rain — café";
    EXPECT_EQ(label_language(spec), LabelLanguage::en);
    spec.prompt = "slow zoom, 大雨";
    EXPECT_EQ(label_language(spec), LabelLanguage::zh);
    spec.label_language = LabelLanguage::en;
    EXPECT_EQ(label_language(spec), LabelLanguage::en);
}

TEST(AiLabel, IsSeenForTwoSecondsOrTheWholeOfAShorterClip) {
    EXPECT_EQ(labelled_frames({24, 1}, 96), 48);
    EXPECT_EQ(labelled_frames({30000, 1001}, 96), 60);
    EXPECT_EQ(labelled_frames({24, 1}, 10), 10);
}

/// Rows and columns that hold bright words, as a box.
image::Rect ink_box(const image::Image& frame) {
    int left = frame.width_px, right = -1, top = frame.height_px, bottom = -1;
    for (int y = 0; y < frame.height_px; ++y)
        for (int x = 0; x < frame.width_px; ++x)
            if (frame.at(x, y)[1] > 200) {
                left = std::min(left, x), right = std::max(right, x);
                top = std::min(top, y), bottom = std::max(bottom, y);
            }
    return {left, top, right - left + 1, bottom - top + 1};
}

struct LabelCase {
    image::Size frame;
    LabelLanguage language;
};

class VisibleLabelOn : public ::testing::TestWithParam<LabelCase> {};

TEST_P(VisibleLabelOn, IsHighEnoughAndInsideOfTheSafeArea) {
    const auto [size, language] = GetParam();
    image::Image frame(size.width_px, size.height_px, 4);
    VisibleLabel(size, language).draw(frame);
    const image::Rect ink = ink_box(frame);
    EXPECT_GE(ink.height_px, 0.05 * std::min(size.width_px, size.height_px));
    EXPECT_GE(ink.x, 0.05 * size.width_px);
    EXPECT_GE(ink.y, 0.05 * size.height_px);
    EXPECT_LE(ink.x + ink.width_px, 0.95 * size.width_px);
    EXPECT_LE(ink.y + ink.height_px, 0.95 * size.height_px);
}

INSTANTIATE_TEST_SUITE_P(Sizes, VisibleLabelOn,
                         ::testing::Values(LabelCase{{1920, 1080}, LabelLanguage::zh},
                                           LabelCase{{1920, 1080}, LabelLanguage::en},
                                           LabelCase{{720, 1280}, LabelLanguage::zh},
                                           LabelCase{{720, 1280}, LabelLanguage::en},
                                           LabelCase{{160, 160}, LabelLanguage::en}));

TEST(VisibleLabel, StandsOutOnWhiteAndOnBlackAndTouchesNothingElse) {
    const image::Size size{640, 360};
    const VisibleLabel label(size, LabelLanguage::zh);
    for (const int shade : {0, 128, 255}) {
        image::Image frame(size.width_px, size.height_px, 4);
        std::fill(frame.pixels.begin(), frame.pixels.end(), static_cast<std::uint8_t>(shade));
        label.draw(frame);
        int brightest = 0, darkest = 255;
        for (int y = 0; y < size.height_px; ++y)
            for (int x = 0; x < size.width_px; ++x) {
                const int value = frame.at(x, y)[0];
                const auto& plate = label.plate();
                const bool inside = x >= plate.x && y >= plate.y && x < plate.x + plate.width_px &&
                                    y < plate.y + plate.height_px;
                if (!inside) {
                    ASSERT_EQ(value, shade);
                }
                if (inside) brightest = std::max(brightest, value), darkest = std::min(darkest, value);
            }
        // WCAG asks for 4.5 : 1; white on 40 % grey, the worst case here, has 5.7 : 1.
        EXPECT_GT(brightest, 245);
        EXPECT_LT(darkest, 110);
    }
}

}  // namespace
}  // namespace stillreel::studio
