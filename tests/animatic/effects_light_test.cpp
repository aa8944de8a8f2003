#include <gtest/gtest.h>

#include <cmath>
#include <deque>

#include "effects_stage.h"

namespace stillreel {
namespace {

using namespace stillreel::testing;

/// Light of each vertex of the rearmost layer over a plain grey, as linear red, green, blue.
struct LitGrid {
    std::vector<float> red, green, blue;
};

LitGrid lit(const Stage& stage, const Effects& effects, double time_s, float grey) {
    const Moment moment = stage.at(time_s);
    FrameGrid grid = stage.grid(moment);
    effects.shade(grid, moment);
    const animatic::LayerGrid& layer = grid.layers.front();
    LitGrid result;
    const auto linear = [](float v) { return std::pow(std::clamp(v / 255, 0.0f, 1.0f), 2.2f); };
    for (int i = 0; i < grid.count(); ++i) {
        result.red.push_back(linear(grey * layer.gain_r[i] + layer.add_r[i]));
        result.green.push_back(linear(grey * layer.gain_g[i] + layer.add_g[i]));
        result.blue.push_back(linear(grey * layer.gain_b[i] + layer.add_b[i]));
    }
    return result;
}

float luminance(const LitGrid& g, std::size_t i) {
    return 0.2126f * g.red[i] + 0.7152f * g.green[i] + 0.0722f * g.blue[i];
}

/// WCAG 2.3.1: a flash is a pair of opposing changes of luminance by a tenth of white. Returns the most that
/// any second sees on a quarter of the frame at once, and the largest area on which luminance swings by a
/// tenth at all.
struct Flashing {
    int most_in_a_second = 0;
    double largest_area = 0;
};

Flashing flashing_of(const Stage& stage, const MotionPlan& plan, float grey) {
    const Effects effects(stage.scene, plan, stage.options);
    const double fps = 24;
    const int frames = static_cast<int>(stage.options.duration_s * fps);
    std::vector<LitGrid> all;
    for (int f = 0; f < frames; ++f) all.push_back(lit(stage, effects, f / fps, grey));
    Flashing result;
    const std::size_t count = all[0].red.size();
    std::vector<float> low(count), high(count);
    std::vector<int> starts;
    for (std::size_t i = 0; i < count; ++i) low[i] = high[i] = luminance(all[0], i);
    bool raised = false;
    for (int f = 1; f < frames; ++f) {
        std::size_t swung = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const float l = luminance(all[f], i);
            low[i] = std::min(low[i], l);
            high[i] = std::max(high[i], l);
            swung += high[i] - low[i] >= 0.1f;
        }
        const double area = static_cast<double>(swung) / static_cast<double>(count);
        result.largest_area = std::max(result.largest_area, area);
        if (area < 0.25) continue;
        if (!raised) starts.push_back(f);
        raised = !raised;
        for (std::size_t i = 0; i < count; ++i) low[i] = high[i] = luminance(all[f], i);
    }
    for (std::size_t k = 0; k < starts.size(); ++k) {
        int within = 0;
        for (const int start : starts) within += start >= starts[k] && start < starts[k] + fps;
        result.most_in_a_second = std::max(result.most_in_a_second, within);
    }
    return result;
}

EffectTrack police(const char* colours, double intensity = 1.0) {
    EffectTrack track = track_of(EffectKind::police_lights, intensity);
    track.colours = colours;
    track.distant = true;
    return track;
}

/// Mean of one channel of the wash over time.
std::vector<double> series(const Stage& stage, const MotionPlan& plan, int channel) {
    const Effects effects(stage.scene, plan, stage.options);
    std::vector<double> values;
    for (int f = 0; f < 96; ++f) {
        const LitGrid g = lit(stage, effects, f / 24.0, 90);
        const auto& plane = channel == 0 ? g.red : channel == 1 ? g.green : g.blue;
        double sum = 0;
        for (const float v : plane) sum += v;
        values.push_back(sum / static_cast<double>(plane.size()));
    }
    return values;
}

int peaks(const std::vector<double>& values) {
    int count = 0;
    for (std::size_t i = 1; i + 1 < values.size(); ++i)
        count += values[i] > values[i - 1] && values[i] >= values[i + 1];
    return count;
}

TEST(PoliceLights, RedOnesRaiseRedOverTheScene) {
    const Stage stage(90);
    const FrameBuffer before = stage.draw(MotionPlan{}, 0.2),
                      after = stage.draw(plan_of({police("red")}), 0.0);
    EXPECT_GT(mean_of(after, 0), mean_of(before, 0) + 6);
    EXPECT_GT(mean_of(after, 0) - mean_of(before, 0), 6 * (mean_of(after, 2) - mean_of(before, 2)));
}

TEST(PoliceLights, RedAndBlueTakeTurns) {
    const Stage stage;
    const MotionPlan plan = plan_of({police("red_blue")});
    const auto red = series(stage, plan, 0), blue = series(stage, plan, 2);
    double red_mean = 0, blue_mean = 0, together = 0;
    for (const double v : red) red_mean += v / 96;
    for (const double v : blue) blue_mean += v / 96;
    for (int f = 0; f < 96; ++f) together += (red[f] - red_mean) * (blue[f] - blue_mean);
    EXPECT_LT(together, 0) << "when red shines blue does not";
    EXPECT_GE(peaks(red), 4);
    EXPECT_GE(peaks(blue), 4);
}

TEST(PoliceLights, FlashThreeTimesASecondAtMostHoweverFastTheyAreAsked) {
    Stage stage(90);
    MotionPlan plan = plan_of({police("red")});
    plan.effects[0].speed = 10;
    // A point beside the lamps sees every pulse of both.
    EXPECT_LE(peaks(series(stage, plan, 0)), 12);
    plan.effects.push_back(plan.effects[0]);
    EXPECT_LE(peaks(series(stage, plan, 0)), 12) << "two cars together";
    stage.options.allow_flashing = true;
    EXPECT_GT(peaks(series(stage, plan, 0)), 12);
}

TEST(PoliceLights, ChangeLuminanceStronglyInASmallAreaOnly) {
    const Stage stage(90);
    for (const char* colours : {"red", "blue", "red_blue"}) {
        for (const float grey : {12.0f, 90.0f, 200.0f}) {
            const Flashing flashing = flashing_of(stage, plan_of({police(colours)}), grey);
            EXPECT_LT(flashing.largest_area, 0.25) << colours << " over grey " << grey;
        }
    }
}

TEST(Flashes, OfAnyLightsTogetherStayWithinThreeASecond) {
    const auto lamp = [](EffectKind kind) { return track_of(kind, 1.0); };
    const std::vector<MotionPlan> plans = {
        plan_of({lamp(EffectKind::lightning)}),
        plan_of({lamp(EffectKind::candle)}),
        plan_of({lamp(EffectKind::neon)}),
        plan_of({police("red_blue"), lamp(EffectKind::lightning)}),
        plan_of({police("red"), police("blue"), lamp(EffectKind::neon), lamp(EffectKind::candle)}),
    };
    for (std::size_t k = 0; k < plans.size(); ++k) {
        for (const float grey : {12.0f, 90.0f, 200.0f}) {
            Stage stage(90);
            fill_region(stage.scene.regions.sky, 0, 0, 1, 0.6);
            for (const bool seamless : {false, true}) {
                stage.options.seamless = seamless;
                EXPECT_LE(flashing_of(stage, plans[k], grey).most_in_a_second, 3)
                    << "plan " << k << " over grey " << grey;
            }
        }
    }
}

TEST(Neon, FlickersWhereItHangsWithinTwoSeconds) {
    Stage stage(60);
    stage.options.duration_s = 2;
    const Effects effects(stage.scene, plan_of({track_of(EffectKind::neon)}), stage.options);
    double least = 1e9, most = 0;
    for (int f = 0; f < 48; ++f) {
        const LitGrid g = lit(stage, effects, f / 24.0, 60);
        const std::size_t row = 13 * (kStageFrame.width_px / animatic::kTilePx + 1);
        double sides = luminance(g, row) + luminance(g, row + kStageFrame.width_px / animatic::kTilePx);
        least = std::min(least, sides);
        most = std::max(most, sides);
    }
    EXPECT_GT(most, 1.2 * least);
}

TEST(Candle, WaversVisibly) {
    const Stage stage(60);
    const std::vector<double> red = series(stage, plan_of({track_of(EffectKind::candle)}), 0);
    const auto [least, most] = std::minmax_element(red.begin(), red.end());
    EXPECT_GT(*most, 1.12 * *least);
}

TEST(SunRays, AreManyShaftsThatNeverBurnOut) {
    for (const int grey : {60, 205}) {
        Stage stage(static_cast<std::uint8_t>(grey), {960, 544});
        stage.scene.regions.sky = image::Plane(96, 54);
        fill_region(stage.scene.regions.sky, 0.0, 0.0, 1.0, 0.4);
        for (int c = 0; c < 3; ++c) stage.scene.ambient.at(16, 2)[c] = 235;
        const FrameBuffer frame = stage.draw(plan_of({track_of(EffectKind::sun_rays, 1.0)}), 1.0);
        int shafts = 0;
        double low = 255, high = 0;
        for (int x = 0; x < frame.width_px; ++x) {
            const double l = luma_of(frame.at(x, 360));
            // A shaft counts once it has risen by 6 levels and fallen by 6 again.
            high = std::max(high, l);
            low = std::min(low, l);
            if (high - l > 6) {
                ++shafts;
                high = low = l;
            }
            if (l - low <= 6) high = std::min(high, l + 6);
        }
        EXPECT_GE(shafts, 3) << grey;
        double most = 0;
        for (int y = 0; y < frame.height_px; ++y)
            for (int x = 0; x < frame.width_px; ++x) most = std::max(most, luma_of(frame.at(x, y)));
        EXPECT_LT(most, 250) << grey;
    }
}

TEST(PoliceLights, StandNearTheHorizonOffTheMiddle) {
    const Stage stage(20);
    const FrameBuffer frame = stage.draw(plan_of({police("red")}), 0.0);
    int best_x = 0, best_y = 0;
    double best = -1;
    for (int y = 0; y < frame.height_px; ++y)
        for (int x = 0; x < frame.width_px; ++x)
            if (luma_of(frame.at(x, y)) > best) best = luma_of(frame.at(x, y)), best_x = x, best_y = y;
    EXPECT_GT(best, 150);
    EXPECT_NEAR(best_y, 0.515 * frame.height_px, 6);
    EXPECT_GT(std::abs(best_x - frame.width_px / 2), frame.width_px / 10);
}

TEST(PoliceLights, WashFarThingsMoreThanNearOnes) {
    Stage near_stage(90), far_stage(90);
    near_stage.scene.layers[0].inverse_depth = image::Plane(32, 18, 0.25f);
    far_stage.scene.layers[0].inverse_depth = image::Plane(32, 18, 0.25f);
    near_stage.add_left_sheet(90, 2.0f);
    const MotionPlan plan = plan_of({police("red")});
    const Effects near_effects(near_stage.scene, plan, near_stage.options);
    const Moment moment = near_stage.at(0.0);
    FrameGrid grid = near_stage.grid(moment);
    near_effects.shade(grid, moment);
    const int corner = 2 * grid.columns + 2;
    EXPECT_GT(grid.layers[0].gain_r[corner], grid.layers[1].gain_r[corner] + 0.005f);
}

}  // namespace
}  // namespace stillreel
