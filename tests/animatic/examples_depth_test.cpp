// The estimate against true depth, on the example pictures: rendered from scene files, so their depth is
// exact.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "animatic/scene.h"
#include "image/picture_file.h"
#include "image/resize.h"

namespace stillreel::animatic {
namespace {

using image::Plane;

/// Ranks from 0; equal values share their mean rank.
std::vector<double> ranks(const std::vector<float>& values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    std::vector<double> rank(values.size());
    for (std::size_t i = 0; i < order.size();) {
        std::size_t end = i;
        while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
        for (std::size_t k = i; k < end; ++k) rank[order[k]] = static_cast<double>(i + end - 1) / 2;
        i = end;
    }
    return rank;
}

double spearman(const Plane& a, const Plane& b) {
    const std::vector<double> x = ranks(a.values), y = ranks(b.values);
    const double mean = static_cast<double>(x.size() - 1) / 2;
    double xy = 0, xx = 0, yy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        xy += (x[i] - mean) * (y[i] - mean);
        xx += (x[i] - mean) * (x[i] - mean);
        yy += (y[i] - mean) * (y[i] - mean);
    }
    return xy / std::sqrt(xx * yy);
}

struct Example {
    Analysis analysis;
    Plane depth, subject;  // true, at the analysis' size
};

Example example(const std::string& name) {
    const std::filesystem::path folder = std::filesystem::path(STILLREEL_SOURCE_DIR) / "examples";
    Example result;
    result.analysis = analyse(image::read_picture(folder / (name + ".jpg")), {});
    const image::Size size = result.analysis.disparity.size();
    const auto map = [&](const char* kind) {
        return image::resize(image::read_map(folder / (name + kind), image::MapSource::grey), size,
                             image::Filter::box);
    };
    result.depth = map("_depth.png");
    result.subject = map("_subject.png");
    return result;
}

// Measured: lake 0.83, product 0.79, rainy street 0.85.
TEST(ExamplesDepth, RanksAsTheTrueDepthDoes) {
    for (const auto& [name, bound] : {std::pair{"lake", 0.78}, {"product", 0.74}, {"rainy_street", 0.8}}) {
        const Example e = example(name);
        const double measured = spearman(e.analysis.disparity, e.depth);
        RecordProperty(name, std::to_string(measured));
        EXPECT_GT(measured, bound) << name;
    }
}

TEST(ExamplesDepth, TheStreetsFacadesStandUpright) {
    const Plane d = example("rainy_street").analysis.disparity;
    const auto at = [&](double x, double y) {
        return d.at(static_cast<int>(x * d.width_px), static_cast<int>(y * d.height_px));
    };
    for (const double x : {0.05, 0.15, 0.25, 0.65, 0.75, 0.9})
        for (const double y : {0.05, 0.2, 0.35}) EXPECT_NEAR(at(x, y), at(x, 0.5), 0.06) << x << ", " << y;
    EXPECT_GT(at(0.05, 0.2), at(0.3, 0.2) + 0.06);  // walls come nearer towards the sides
    EXPECT_GT(at(0.95, 0.2), at(0.7, 0.2) + 0.06);
    EXPECT_GT(at(0.3, 0.2), at(0.48, 0.2) + 0.04);
}

// Measured: 0.97 of the bottle.
TEST(ExamplesDepth, TheProductIsCutOut) {
    const Example e = example("product");
    ASSERT_TRUE(e.analysis.has_subject);
    double both = 0, either = 0;
    for (std::size_t i = 0; i < e.subject.values.size(); ++i) {
        both += std::min(e.subject.values[i], e.analysis.regions.subject.values[i]);
        either += std::max(e.subject.values[i], e.analysis.regions.subject.values[i]);
    }
    EXPECT_GT(both / either, 0.9);
}

TEST(ExamplesDepth, TheLakeHasSkyWaterAndTrees) {
    const Example e = example("lake");
    const auto mean_in = [](const Plane& plane, double left, double top, double right, double bottom) {
        double sum = 0, count = 0;
        for (int y = static_cast<int>(top * plane.height_px); y < bottom * plane.height_px; ++y)
            for (int x = static_cast<int>(left * plane.width_px); x < right * plane.width_px; ++x)
                sum += plane.at(x, y), count += 1;
        return sum / count;
    };
    EXPECT_FALSE(e.analysis.has_subject);
    EXPECT_GT(mean_in(e.analysis.regions.sky, 0.5, 0.02, 0.75, 0.15), 0.9);
    EXPECT_LT(mean_in(e.analysis.regions.sky, 0, 0.5, 1, 1), 0.01);
    EXPECT_LT(mean_in(e.analysis.regions.sky, 0.28, 0.22, 0.42, 0.38), 0.02);  // the mountain with snow
    EXPECT_GT(mean_in(e.analysis.regions.foliage, 0.4, 0.43, 0.95, 0.5), 0.7);
    EXPECT_GT(mean_in(e.analysis.regions.water, 0.3, 0.75, 0.5, 0.9), 0.7);
    EXPECT_LT(mean_in(e.analysis.regions.water, 0, 0, 1, 0.4), 0.01);
    // The forest's reflection is water too; the forest, the jetty and the grass are not.
    EXPECT_GT(mean_in(e.analysis.regions.water, 0.6, 0.64, 0.98, 0.68), 0.7);
    EXPECT_LT(mean_in(e.analysis.regions.water, 0.35, 0.4, 1, 0.54), 0.01);
    EXPECT_LT(mean_in(e.analysis.regions.water, 0.56, 0.8, 0.62, 0.98), 0.05);
    EXPECT_LT(mean_in(e.analysis.regions.water, 0, 0.93, 0.25, 1), 0.05);
}

}  // namespace
}  // namespace stillreel::animatic
