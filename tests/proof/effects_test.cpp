// Rain, snow, fog and light: with and without, by the same camera, compared where they should show.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "proof/shot.h"
#include "support/flow.h"

namespace stillreel::testing {
namespace {

/// A dim scene, as one would choose for rain: its texture between 17 and 125.
const MadeScene& dusk() {
    static const MadeScene made = [] {
        MadeScene scene = made_scene();
        for (std::uint8_t& value : scene.picture.pixels) value /= 2;
        return scene;
    }();
    return made;
}

image::Image without() {
    animatic::Animatic clip = shoot(dusk(), "Static camera");
    return frame_of(clip, 6);
}

image::Image with(const std::string& words, int number = 6) {
    animatic::Animatic clip = shoot(dusk(), "Static camera, " + words);
    return frame_of(clip, number);
}

/// Share of pixels that are brighter than before by more than `levels`.
double brighter_share(const image::Image& before, const image::Image& after, const image::Plane& mask,
                      int levels) {
    double count = 0, all = 0;
    for (int y = 0; y < before.height_px; ++y)
        for (int x = 0; x < before.width_px; ++x) {
            if (mask_at(mask, x, y, before.size()) < 0.5f) continue;
            int most = -255;
            for (int c = 0; c < 3; ++c)
                most = std::max(most, int(after.at(x, y)[c]) - int(before.at(x, y)[c]));
            count += most > levels;
            all += 1;
        }
    return count / all;
}

/// Standard deviation of the green channel: how much of the texture is left.
double contrast(const image::Image& frame, const image::Plane& mask) {
    double sum = 0, square = 0, count = 0;
    for (int y = 0; y < frame.height_px; ++y)
        for (int x = 0; x < frame.width_px; ++x) {
            if (mask_at(mask, x, y, frame.size()) < 0.5f) continue;
            const double value = frame.at(x, y)[1];
            sum += value;
            square += value * value;
            count += 1;
        }
    return std::sqrt(std::max(0.0, square / count - sum * sum / count / count));
}

TEST(Rain, FallsInBrightStreaksOverTheWholeFrameAndMoreOfItWhenHeavy) {
    const image::Image dry = without(), light = with("light rain"), heavy = with("heavy rain");
    const image::Plane everywhere(1, 1, 1.0f);
    const double light_share = brighter_share(dry, light, everywhere, 6);
    const double heavy_share = brighter_share(dry, heavy, everywhere, 6);
    EXPECT_GT(light_share, 0.002);
    EXPECT_GT(heavy_share, 1.5 * light_share);
    for (int part = 0; part < 4; ++part) {  // each quarter of the frame has its share
        image::Plane quarter(2, 2);
        quarter.values[part] = 1;
        EXPECT_GT(brighter_share(dry, heavy, quarter, 6), 0.25 * heavy_share);
    }
}

TEST(Rain, IsAnotherPatternInEveryFrameWhileThePictureStands) {
    animatic::Animatic clip = shoot(dusk(), "Static camera, heavy rain");
    const image::Image a = frame_of(clip, 5), b = frame_of(clip, 6);
    EXPECT_GT(mean_difference(a, b), 0.5);
    EXPECT_LT(motion_of(flow_between(a, b)).speed, 0.8);
}

TEST(Rain, StreaksAreUprightAndLeanWithTheWind) {
    // Neighbours along a streak are more alike than neighbours across it.
    const image::Image dry = without();
    const auto roughness = [&](const image::Image& wet, int dx, int dy) {
        double sum = 0;
        for (int y = 4; y < dry.height_px - 4; ++y)
            for (int x = 4; x < dry.width_px - 4; ++x) {
                const double here = int(wet.at(x, y)[1]) - int(dry.at(x, y)[1]);
                const double there = int(wet.at(x + dx, y + dy)[1]) - int(dry.at(x + dx, y + dy)[1]);
                sum += std::abs(here - there);
            }
        return sum;
    };
    const image::Image still = with("heavy rain"),
                       windy = with("heavy rain, strong wind blowing to the right");
    EXPECT_GT(roughness(still, 2, 0), 1.5 * roughness(still, 0, 2));
    // Drops that fly to the right while they fall lean like a backslash.
    EXPECT_LT(roughness(windy, 1, 2), roughness(windy, -1, 2));
}

TEST(Rain, IsHiddenByWhatIsNearer) {
    animatic::Animatic clip = shoot(dusk(), "Static camera, heavy rain");
    double near = 0, far = 0;
    for (int i = 1; i < 10; ++i) {
        const image::Image a = frame_of(clip, i), b = frame_of(clip, i + 1);
        near += mean_difference(a, b, dusk().disc);
        far += mean_difference(a, b, dusk().wall);
    }
    EXPECT_LT(near, 0.95 * far);
}

TEST(Snow, IsBrightFlakesThatMoveSlowerThanRain) {
    const image::Image dry = without();
    const image::Plane everywhere(1, 1, 1.0f);
    EXPECT_GT(brighter_share(dry, with("heavy snow"), everywhere, 20), 0.003);
    EXPECT_GT(brighter_share(dry, with("大雪纷飞"), everywhere, 20), 0.003);
}

TEST(Fog, ThickensWithDepth) {
    const image::Image clear = without(), foggy = with("thick fog");
    const double near_left = contrast(foggy, dusk().disc) / contrast(clear, dusk().disc);
    const double far_left = contrast(foggy, dusk().wall) / contrast(clear, dusk().wall);
    EXPECT_LT(far_left, 0.8);
    EXPECT_GT(near_left, 1.15 * far_left);
    EXPECT_GT(mean_difference(clear, foggy), 3);
}

/// The frame's mean colour over time.
std::vector<MeanColour> colours_of(const std::string& words, int frames) {
    Shot shot;
    shot.frame = {192, 108};
    shot.fps = {24, 1};
    shot.frames = frames;
    animatic::Animatic clip = shoot(dusk(), "Static camera, " + words, shot);
    std::vector<MeanColour> colours;
    for (int i = 0; i < frames; ++i) colours.push_back(mean_colour(frame_of(clip, i)));
    return colours;
}

template <class Value>
double range_of(const std::vector<MeanColour>& colours, const Value& value) {
    double low = 1e9, high = -1e9;
    for (const MeanColour& colour : colours) {
        low = std::min(low, value(colour));
        high = std::max(high, value(colour));
    }
    return high - low;
}

TEST(PoliceLights, WashTheSceneInTheirColourAndComeAndGo) {
    const auto red = [](const MeanColour& c) { return c.r - (c.g + c.b) / 2; };
    const auto blue = [](const MeanColour& c) { return c.b - (c.g + c.r) / 2; };
    const std::vector<MeanColour> reds = colours_of("red police lights", 48);
    EXPECT_GT(range_of(reds, red), 1.5);
    EXPECT_GT(range_of(reds, red), 3 * range_of(reds, blue) * 0.5);
    const std::vector<MeanColour> blues = colours_of("blue police lights", 48);
    EXPECT_GT(range_of(blues, blue), 1.5);
    const std::vector<MeanColour> both = colours_of("police lights", 48);
    EXPECT_GT(range_of(both, red), 0.8);
    EXPECT_GT(range_of(both, blue), 0.8);
}

/// Flashes as WCAG 2.3.1 counts them: pairs of opposing changes of a tenth of full brightness.
double flashes_a_second(const std::vector<MeanColour>& colours) {
    int changes = 0, direction = 0;
    double extreme = colours.front().luma();
    for (const MeanColour& colour : colours) {
        const double step = colour.luma() - extreme;
        if (direction * step > 0 || (direction == 0 && std::abs(step) < 25.5)) {
            if (direction != 0) extreme = colour.luma();
        } else if (std::abs(step) > 25.5) {
            ++changes;
            direction = step > 0 ? 1 : -1;
            extreme = colour.luma();
        }
    }
    return changes / 2.0 / (static_cast<double>(colours.size()) / 24);
}

TEST(Flashes, StayAtOrBelowThreeASecond) {
    for (const char* words : {"red and blue police lights", "lightning strikes", "neon flicker"}) {
        SCOPED_TRACE(words);
        EXPECT_LE(flashes_a_second(colours_of(words, 96)), 3.0);
    }
}

TEST(Light, CandleFlickersLightningStrikesAndTheSunWarmsThePicture) {
    const auto luma = [](const MeanColour& c) { return c.luma(); };
    EXPECT_GT(range_of(colours_of("flickering candle light", 48), luma), 0.5);
    EXPECT_GT(range_of(colours_of("lightning strikes", 96), luma), 3.0);
    const std::vector<MeanColour> rise = colours_of("sunrise", 48), set = colours_of("sunset", 48);
    EXPECT_GT(rise.back().luma(), rise.front().luma() + 1);
    EXPECT_LT(set.back().luma(), set.front().luma());
    const auto warmth = [](const MeanColour& c) { return c.r / std::max(1.0, c.b); };
    EXPECT_GT(std::abs(warmth(set.back()) - warmth(set.front())), 0.02);
}

TEST(Atmosphere, EveryKindOfParticleShows) {
    const image::Image clear = without();
    for (const char* words :
         {"dust particles floating in the air", "smoke rising", "steam rising", "embers and sparks flying",
          "falling leaves", "cherry blossom petals falling", "fireflies"}) {
        SCOPED_TRACE(words);
        double most = 0;
        for (const int number : {2, 6, 10})
            most = std::max(most, mean_difference(clear, with(words, number)));
        EXPECT_GT(most, 0.02);
        EXPECT_LT(most, 60);
    }
}

}  // namespace
}  // namespace stillreel::testing
