// What holds for effects of every kind.
#include <gtest/gtest.h>

#include <cmath>

#include "effects_stage.h"

namespace stillreel {
namespace {

using namespace stillreel::testing;

/// A stage that has everything that any effect needs: sky, leaves, water, a subject before a textured wall.
Stage full_stage() {
    Stage stage(70);
    stage.scene.horizon = 0.5;
    stage.scene.layers[0].texture = noise_texture(stage.scene.size, 5);
    fill_region(stage.scene.regions.sky, 0.0, 0.0, 1.0, 0.4);
    fill_region(stage.scene.regions.water, 0.0, 0.6, 0.5, 1.0);
    fill_region(stage.scene.regions.foliage, 0.5, 0.45, 1.0, 1.0);
    stage.scene.has_subject = true;
    stage.scene.subject_left = 0.35, stage.scene.subject_right = 0.65;
    stage.scene.subject_top = 0.3, stage.scene.subject_bottom = 0.8;
    fill_region(stage.scene.regions.subject, 0.35, 0.3, 0.65, 0.8);
    return stage;
}

class EveryKind : public ::testing::TestWithParam<int> {
  protected:
    EffectKind kind() const { return static_cast<EffectKind>(GetParam()); }
    MotionPlan plan() const {
        MotionPlan result = plan_of({track_of(kind(), 0.7)});
        if (kind() == EffectKind::police_lights) result.effects[0].colours = "red_blue";
        result.wind = {1.0, 0.4};
        return result;
    }
    /// Largest change of any pixel between two frames.
    static int difference(const FrameBuffer& a, const FrameBuffer& b) {
        int most = 0;
        for (std::size_t i = 0; i < a.pixels.size(); ++i)
            most = std::max(most, std::abs(a.pixels[i] - b.pixels[i]));
        return most;
    }
};

TEST_P(EveryKind, ChangesThePictureAndLives) {
    const Stage stage = full_stage();
    const Effects effects(stage.scene, plan(), stage.options);
    EXPECT_FALSE(effects.none());
    EXPECT_TRUE(effects.notes().empty());
    const FrameBuffer still = stage.draw(MotionPlan{}, 0.5);
    double change = 0, life = 0;
    const FrameBuffer first = stage.draw(effects, 0.1);
    for (const double time : {0.5, 0.9, 1.7, 2.3, 2.9, 3.6}) {
        const FrameBuffer frame = stage.draw(effects, time);
        change = std::max(change, changed(still, frame, 3));
        life = std::max(life, changed(first, frame, 3));
    }
    EXPECT_GT(change, 0.0015);
    EXPECT_GT(life, 0.0015);
}

TEST_P(EveryKind, ClosesItsLoop) {
    Stage stage = full_stage();
    stage.options.seamless = true;
    for (const double duration : {4.0, 2.3}) {
        stage.options.duration_s = duration;
        const Effects effects(stage.scene, plan(), stage.options);
        EXPECT_LE(difference(stage.draw(effects, 0.0), stage.draw(effects, duration)), 3) << duration;
        MotionPlan part = plan();
        part.effects[0].when = {0.0, 0.6};
        const Effects partly(stage.scene, part, stage.options);
        EXPECT_LE(difference(stage.draw(partly, 0.0), stage.draw(partly, duration)), 3) << duration;
    }
}

TEST_P(EveryKind, IsAFunctionOfTimeAlone) {
    const Stage stage = full_stage();
    const Effects effects(stage.scene, plan(), stage.options);
    const FrameBuffer first = stage.draw(effects, 1.3);
    stage.draw(effects, 0.2);
    EXPECT_EQ(stage.draw(effects, 1.3, 24).pixels, first.pixels);
}

TEST_P(EveryKind, IsAbsentOutsideOfItsSpan) {
    const Stage stage = full_stage();
    MotionPlan part = plan();
    part.effects[0].when = {0.5, 0.9};
    const Effects effects(stage.scene, part, stage.options);
    EXPECT_EQ(stage.draw(effects, 1.9).pixels, stage.draw(MotionPlan{}, 1.9).pixels);
}

INSTANTIATE_TEST_SUITE_P(Effects, EveryKind, ::testing::Range(0, kEffectKinds), [](const auto& given) {
    return std::string(prompt::name_of(static_cast<EffectKind>(given.param)));
});

TEST(Snow, FallsSlowerThanRain) {
    // Best vertical shift between two frames a 24th of a second apart, by correlation.
    const auto fall_px = [](EffectKind kind) {
        Stage stage(40);
        stage.scene.layers[0].inverse_depth = image::Plane(32, 18, 0.9f);
        stage.scene.w_far = 0.9;
        const Effects effects(stage.scene, plan_of({track_of(kind, 0.15)}), stage.options);
        const FrameBuffer a = stage.draw(effects, 1.0), b = stage.draw(effects, 1.0 + 1.0 / 24);
        const double floor = mean_of(a, 1);
        int best = 0;
        double best_sum = -1e18;
        for (int shift = 0; shift < 60; ++shift) {
            double sum = 0;
            for (int y = 0; y + 60 < a.height_px; ++y)
                for (int x = 0; x < a.width_px; ++x) {
                    sum += (luma_of(a.at(x, y)) - floor) * (luma_of(b.at(x, y + shift)) - floor);
                }
            if (sum > best_sum) best_sum = sum, best = shift;
        }
        return best;
    };
    EXPECT_LT(2 * fall_px(EffectKind::snow), fall_px(EffectKind::rain));
}

TEST(Smoke, ShowsOnAnyBackground) {
    for (const int grey : {15, 90, 200}) {
        const Stage stage(static_cast<std::uint8_t>(grey));
        const FrameBuffer with = stage.draw(plan_of({track_of(EffectKind::smoke, 0.5)}), 1.0);
        EXPECT_GT(changed(with, stage.draw(MotionPlan{}, 1.0), 16), 0.08) << grey;
    }
}

TEST(Smoke, HasASoftFoot) {
    const Stage stage(60);
    const FrameBuffer frame = stage.draw(plan_of({track_of(EffectKind::smoke, 0.5)}), 1.0);
    const FrameBuffer without = stage.draw(MotionPlan{}, 1.0);
    const auto thickest = [&](int y) {
        double most = 0;
        for (int x = 0; x < frame.width_px; ++x)
            most = std::max(most, luma_of(frame.at(x, y)) - luma_of(without.at(x, y)));
        return most;
    };
    int foot = frame.height_px - 1;
    while (foot > 20 && thickest(foot) < 2) --foot;
    EXPECT_LT(thickest(foot - 8), 16);
    EXPECT_GT(thickest(foot - 60), 30);
}

TEST(Steam, HasRoomToRiseFromASubjectThatFillsThePicture) {
    Stage stage(60);
    stage.scene.has_subject = true;
    stage.scene.subject_top = 0.02, stage.scene.subject_bottom = 0.98;
    stage.scene.subject_left = 0.2, stage.scene.subject_right = 0.8;
    EffectTrack steam = track_of(EffectKind::smoke, 0.5);
    steam.style = "steam";
    const FrameBuffer with = stage.draw(plan_of({steam}), 1.0), without = stage.draw(MotionPlan{}, 1.0);
    int rows = 0;
    for (int y = 0; y < with.height_px; ++y) {
        double most = 0;
        for (int x = 0; x < with.width_px; ++x)
            most = std::max(most, luma_of(with.at(x, y)) - luma_of(without.at(x, y)));
        rows += most > 12;
    }
    EXPECT_GT(rows, with.height_px / 5);
}

TEST(TimeOfDay, SunriseWarmsAndBrightens) {
    const Stage stage(110);
    const MotionPlan plan = plan_of({track_of(EffectKind::sunrise)});
    const FrameBuffer begin = stage.draw(plan, 0), end = stage.draw(plan, 3.99);
    EXPECT_LT(mean_of(begin, 0), mean_of(begin, 2));
    EXPECT_GT(mean_of(end, 0), mean_of(end, 2) + 10);
    EXPECT_GT(mean_of(end, 1), mean_of(begin, 1) + 20);
}

TEST(TimeOfDay, SunsetDarkens) {
    const Stage stage(110);
    const MotionPlan plan = plan_of({track_of(EffectKind::sunset)});
    EXPECT_LT(mean_of(stage.draw(plan, 3.99), 1), mean_of(stage.draw(plan, 0), 1) - 20);
}

TEST(Lightning, ABoltGoesDownToWhereTheSkyEnds) {
    Stage stage(40);
    stage.scene.horizon = 0.3;
    stage.scene.w_far = 0.25;
    fill_region(stage.scene.regions.sky, 0.0, 0.0, 1.0, 0.7);
    const Effects effects(stage.scene, plan_of({track_of(EffectKind::lightning, 1.0)}), stage.options);
    double brightest = 0;
    for (double time = 0; time < 4; time += 1.0 / 24) {
        const FrameBuffer frame = stage.draw(effects, time);
        double most = 0, sum = 0;
        const int y = frame.height_px * 6 / 10;
        for (int x = 0; x < frame.width_px; ++x) {
            most = std::max(most, luma_of(frame.at(x, y)));
            sum += luma_of(frame.at(x, y)) / frame.width_px;
        }
        brightest = std::max(brightest, most - sum);
    }
    EXPECT_GT(brightest, 60);
}

TEST(Lightning, StrikesThreeTimesAtMostAndWellApart) {
    for (const double duration : {1.0, 4.0, 12.0}) {
        Stage stage(40);
        stage.options.duration_s = duration;
        fill_region(stage.scene.regions.sky, 0.0, 0.0, 1.0, 0.5);
        const Effects effects(stage.scene, plan_of({track_of(EffectKind::lightning, 1.0)}), stage.options);
        std::vector<double> light;
        for (double time = 0; time < duration; time += 1.0 / 48) {
            const Moment moment = stage.at(time);
            FrameGrid grid = stage.grid(moment);
            effects.shade(grid, moment);
            double sum = 0;
            for (const float g : grid.layers[0].gain_g) sum += g;
            light.push_back(sum / grid.count());
        }
        std::vector<std::size_t> strokes;
        for (std::size_t i = 1; i + 1 < light.size(); ++i)
            if (light[i] > light[i - 1] && light[i] >= light[i + 1]) strokes.push_back(i);
        EXPECT_GE(strokes.size(), 1u) << duration;
        EXPECT_LE(strokes.size(), 3u) << duration;
        for (std::size_t k = 1; k < strokes.size(); ++k)
            EXPECT_GE(strokes[k] - strokes[k - 1], 40u) << duration;
    }
}

}  // namespace
}  // namespace stillreel
