#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "animatic/scene.h"
#include "made_scenes.h"

namespace stillreel::animatic {
namespace {

using image::Image;
using image::Plane;

Scene scene_of(const testing::MadeScene& made, int threads = 2) {
    return build_scene(made.picture, analyse(made.picture, {}), threads);
}

/// The layers laid over each other without any move.
Image composite(const Scene& scene) {
    Image result(scene.size.width_px, scene.size.height_px, 3);
    for (int y = 0; y < result.height_px; ++y)
        for (int x = 0; x < result.width_px; ++x)
            for (const Layer& layer : scene.layers) {
                const std::uint8_t* top = layer.texture.at(x, y);
                for (int c = 0; c < 3; ++c) {
                    const int mixed = top[c] + (result.at(x, y)[c] * (255 - top[3]) + 127) / 255;
                    result.at(x, y)[c] = static_cast<std::uint8_t>(std::min(255, mixed));
                }
            }
    return result;
}

template <class Counts>
double psnr(const Image& a, const Image& b, Counts counts) {
    double squares = 0, samples = 0;
    for (int y = 0; y < a.height_px; ++y)
        for (int x = 0; x < a.width_px; ++x) {
            if (!counts(x, y)) continue;
            for (int c = 0; c < 3; ++c) squares += std::pow(a.at(x, y)[c] - b.at(x, y)[c], 2);
            samples += 3;
        }
    return 10 * std::log10(255 * 255 / (squares / samples + 1e-9));
}

TEST(Layers, RearIsOpaqueAndAllArePremultiplied) {
    const Scene scene = scene_of(testing::landscape_with_figure(960, 540));
    ASSERT_GE(scene.layers.size(), 2u);
    ASSERT_LE(scene.layers.size(), 4u);
    for (std::size_t k = 0; k < scene.layers.size(); ++k) {
        const Image& texture = scene.layers[k].texture;
        ASSERT_EQ(texture.channels, 4);
        ASSERT_EQ(texture.size(), scene.size);
        for (std::size_t i = 0; i < texture.pixels.size(); i += 4) {
            if (k == 0) {
                ASSERT_EQ(texture.pixels[i + 3], 255);
            }
            for (int c = 0; c < 3; ++c) ASSERT_LE(texture.pixels[i + c], texture.pixels[i + 3]);
        }
    }
}

TEST(Layers, UnmovedTheyAreThePicture) {
    const auto made = testing::landscape_with_figure(960, 540);
    const Scene scene = scene_of(made);
    const Image result = composite(scene);
    EXPECT_GT(psnr(result, made.picture, [](int, int) { return true; }), 30);
    const auto away_from_edges = [&](int x, int y) {
        for (const Layer& layer : scene.layers)
            for (int dy = -4; dy <= 4; dy += 4)
                for (int dx = -4; dx <= 4; dx += 4) {
                    const std::uint8_t alpha =
                        layer.texture.at(std::clamp(x + dx, 0, 959), std::clamp(y + dy, 0, 539))[3];
                    if (alpha != 0 && alpha != 255) return false;
                }
        return true;
    };
    EXPECT_GT(psnr(result, made.picture, away_from_edges), 35);
}

TEST(Layers, TheFigureIsALayerOfItsOwnWithACrispEdge) {
    const auto made = testing::landscape_with_figure(960, 540);
    const Scene scene = scene_of(made);
    ASSERT_TRUE(scene.has_subject);
    const auto subject =
        std::find_if(scene.layers.begin(), scene.layers.end(), [](auto& l) { return l.is_subject; });
    ASSERT_NE(subject, scene.layers.end());
    double both = 0, either = 0, difference = 0, edge = 0;
    for (int y = 0; y < 540; ++y)
        for (int x = 0; x < 960; ++x) {
            const double alpha = subject->texture.at(x, y)[3] / 255.0, truth = made.subject.at(x, y);
            both += std::min(alpha, truth), either += std::max(alpha, truth);
            difference += std::abs(alpha - truth), edge += truth > 0 && truth < 1;
        }
    EXPECT_GT(both / either, 0.93);
    // The pixels in doubt amount to a line about two pixels wide along the outline.
    EXPECT_LT(difference / edge, 2.0);
}

TEST(Layers, NothingOfTheFigureIsLeftBehindIt) {
    const auto made = testing::landscape_with_figure(960, 540);
    const Scene scene = scene_of(made);
    for (const Layer& layer : scene.layers) {
        if (layer.is_subject) continue;
        double reddest = 0;
        for (int y = 0; y < 540; ++y)
            for (int x = 0; x < 960; ++x) {
                const std::uint8_t* pixel = layer.texture.at(x, y);
                if (made.subject.at(x, y) > 0)
                    reddest = std::max<double>(reddest, pixel[0] - std::max(pixel[1], pixel[2]));
            }
        EXPECT_LT(reddest, 70);  // the figure: about 150; the ground: about 20
    }
}

TEST(Layers, WhatIsUncoveredHasTheTextureOfItsSurroundings) {
    const auto made = testing::landscape_with_figure(960, 540);
    Scene scene = scene_of(made);
    std::erase_if(scene.layers, [](const Layer& layer) { return layer.is_subject; });
    const Image rear = composite(scene);
    // How much neighbouring pixels differ, on the ground: beside the figure, and behind it near its edge.
    const auto roughness = [&](auto counts) {
        double sum = 0, count = 0;
        for (int y = 300; y < 440; ++y)
            for (int x = 1; x < 960; ++x)
                if (counts(x, y)) sum += std::abs(rear.at(x, y)[0] - rear.at(x - 1, y)[0]), count += 1;
        return sum / count;
    };
    const auto distance_inside = [&](int x, int y) {  // px from the figure's edge along the row, 0 outside
        int reach = 0;
        while (reach < 50 && made.subject.at(x - reach, y) > 0 && made.subject.at(x + reach, y) > 0) ++reach;
        return reach;
    };
    const double beside = roughness([](int x, int) { return x < 300; });
    const double behind = roughness([&](int x, int y) {
        const int inside = distance_inside(x, y);
        return inside > 6 && inside < 40;
    });
    EXPECT_GT(behind, 0.6 * beside);
    EXPECT_LT(behind, 1.4 * beside);
}

TEST(Layers, DepthIsSmoothEnoughNeverToFold) {
    const Scene scene = scene_of(testing::landscape_with_figure(960, 540));
    for (const Layer& layer : scene.layers) {
        const Plane& w = layer.inverse_depth;
        const float bound = 6.0f / static_cast<float>(w.width_px) + 1e-5f;
        for (int y = 0; y < w.height_px; ++y)
            for (int x = 0; x < w.width_px; ++x) {
                ASSERT_GE(w.at(x, y), 0.19f);
                ASSERT_LE(w.at(x, y), 1.61f);
                ASSERT_LE(std::abs(w.at(x, y) - w.at(std::max(0, x - 1), y)), bound);
                ASSERT_LE(std::abs(w.at(x, y) - w.at(x, std::max(0, y - 1))), bound);
            }
    }
}

TEST(Layers, TheSubjectIsTheFocusPlane) {
    const Scene scene = scene_of(testing::landscape_with_figure(960, 540));
    const auto subject =
        std::find_if(scene.layers.begin(), scene.layers.end(), [](auto& l) { return l.is_subject; });
    ASSERT_NE(subject, scene.layers.end());
    const Plane& w = subject->inverse_depth;
    EXPECT_NEAR(w.at(static_cast<int>(0.55 * w.width_px), static_cast<int>(0.6 * w.height_px)), 1.0, 0.06);
    EXPECT_LT(scene.layers[0].inverse_depth.at(10, 10), 0.5f);
}

TEST(Layers, AFlatSceneIsOneLayer) {
    const auto made = testing::landscape(640, 400);
    Plane depth(640, 400);
    for (int y = 0; y < 400; ++y) std::fill_n(depth.row(y), 640, static_cast<float>(y) / 399.0f);
    const Scene scene = build_scene(made.picture, analyse(made.picture, {depth, Plane(640, 400)}), 1);
    ASSERT_EQ(scene.layers.size(), 1u);
    EXPECT_EQ(composite(scene).pixels, made.picture.pixels);
}

TEST(Layers, GivenDepthIsCutAtItsEdges) {
    const auto made = testing::landscape(640, 400);
    Plane depth(640, 400, 0.1f);
    for (int y = 100; y < 300; ++y) std::fill_n(depth.row(y) + 200, 200, 0.9f);
    const Scene scene = build_scene(made.picture, analyse(made.picture, {depth, Plane(640, 400)}), 2);
    ASSERT_EQ(scene.layers.size(), 2u);
    EXPECT_EQ(scene.layers[1].texture.at(300, 200)[3], 255);
    EXPECT_EQ(scene.layers[1].texture.at(100, 200)[3], 0);
    EXPECT_EQ(scene.layers[1].texture.at(300, 50)[3], 0);
}

TEST(Layers, TheNumberOfThreadsChangesNothing) {
    const auto made = testing::landscape_with_figure(960, 540);
    const Scene one = scene_of(made, 1), two = scene_of(made, 2), three = scene_of(made, 3);
    ASSERT_EQ(one.layers.size(), two.layers.size());
    ASSERT_EQ(one.layers.size(), three.layers.size());
    for (std::size_t k = 0; k < one.layers.size(); ++k) {
        EXPECT_EQ(one.layers[k].texture.pixels, two.layers[k].texture.pixels);
        EXPECT_EQ(one.layers[k].texture.pixels, three.layers[k].texture.pixels);
        EXPECT_EQ(one.layers[k].inverse_depth.values, three.layers[k].inverse_depth.values);
    }
}

TEST(Layers, TinyAndEnlargedPicturesAreNoProblem) {
    const auto tiny = testing::landscape(16, 20);
    EXPECT_GE(scene_of(tiny).layers.size(), 1u);
    const auto made = testing::landscape_with_figure(800, 500);
    const Analysis analysis = analyse(made.picture, {});
    const auto small = testing::landscape_with_figure(120, 75);  // the texture is smaller than the analysis
    EXPECT_EQ(build_scene(small.picture, analysis, 2).size, small.picture.size());
}

}  // namespace
}  // namespace stillreel::animatic
