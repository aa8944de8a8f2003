#include "animatic/raster.h"

#include <gtest/gtest.h>

#include <hwy/targets.h>
#include <algorithm>
#include <cmath>

#include "animatic/synthetic_scene.h"

namespace stillreel::animatic {
namespace {

using testing::blank_grid;
using testing::two_sheets;
using testing::warped_grid;

FrameBuffer drawn(const Scene& scene, const FrameGrid& grid, image::Size size) {
    FrameBuffer frame(size.width_px, size.height_px, 4);
    const Raster raster(scene);
    for (int row = 0; row * kTilePx < size.height_px; ++row) raster.draw(grid, row, frame);
    return frame;
}

double texel(const image::Image& texture, double u, double v, int c) {
    const double x = std::clamp(u - 0.5, 0.0, texture.width_px - 1.0);
    const double y = std::clamp(v - 0.5, 0.0, texture.height_px - 1.0);
    const int i = std::min(static_cast<int>(x), texture.width_px - 2);
    const int j = std::min(static_cast<int>(y), texture.height_px - 2);
    const double fx = x - i, fy = y - j;
    return (texture.at(i, j)[c] * (1 - fx) + texture.at(i + 1, j)[c] * fx) * (1 - fy) +
           (texture.at(i, j + 1)[c] * (1 - fx) + texture.at(i + 1, j + 1)[c] * fx) * fy;
}

double at_pixel(const FrameGrid& grid, const std::vector<float>& field, int x, int y) {
    const double fx = (x % kTilePx + 0.5) / kTilePx, fy = (y % kTilePx + 0.5) / kTilePx;
    const float* corner = field.data() + (y / kTilePx) * grid.columns + x / kTilePx;
    return (corner[0] * (1 - fx) + corner[1] * fx) * (1 - fy) +
           (corner[grid.columns] * (1 - fx) + corner[grid.columns + 1] * fx) * fy;
}

// The same picture, one pixel at a time, in double precision and without any skipping.
void expect_like_reference(const Scene& scene, const FrameGrid& grid, const FrameBuffer& frame) {
    for (int y = 0; y < frame.height_px; ++y)
        for (int x = 0; x < frame.width_px; ++x) {
            double sum[3] = {0, 0, 0};
            for (std::size_t i = 0; i < scene.layers.size(); ++i) {
                const LayerGrid& g = grid.layers[i];
                double sample[4];
                for (int c = 0; c < 4; ++c) {
                    sample[c] = texel(scene.layers[i].texture, at_pixel(grid, g.u, x, y),
                                      at_pixel(grid, g.v, x, y), c);
                    if (!g.flows()) continue;
                    const double other = texel(scene.layers[i].texture, at_pixel(grid, g.u2, x, y),
                                               at_pixel(grid, g.v2, x, y), c);
                    sample[c] += (other - sample[c]) * at_pixel(grid, g.mix, x, y);
                }
                const std::vector<float>* gain[3] = {&g.gain_r, &g.gain_g, &g.gain_b};
                const std::vector<float>* add[3] = {&g.add_r, &g.add_g, &g.add_b};
                for (int c = 0; c < 3; ++c)
                    sum[c] = sum[c] * (1 - sample[3] / 255) + sample[c] * at_pixel(grid, *gain[c], x, y) +
                             at_pixel(grid, *add[c], x, y) * sample[3] / 255;
            }
            for (int c = 0; c < 3; ++c)
                ASSERT_NEAR(frame.at(x, y)[c], std::clamp(sum[c], 0.0, 255.0), 1.0) << x << ", " << y;
            ASSERT_EQ(frame.at(x, y)[3], 255);
        }
}

class RasterSizes : public ::testing::TestWithParam<image::Size> {};

TEST_P(RasterSizes, AgreesWithASlowReference) {
    const image::Size size = GetParam();
    const Scene scene = two_sheets({160, 90});
    const Framing framing{80, 45, 160.0 / size.width_px * 0.8, 100};
    const View view = view_of({.x = 0.05, .z = 0.1, .roll = 3}, framing, 35, size);
    FrameGrid grid = warped_grid(scene, framing, view, size);
    expect_like_reference(scene, grid, drawn(scene, grid, size));
    for (LayerGrid& layer : grid.layers)
        for (int i = 0; i < grid.count(); ++i) {
            layer.gain_r[i] = 1.5f * hash_unit(3, i);
            layer.gain_b[i] = 1.5f * hash_unit(4, i);
            layer.add_g[i] = 90 * hash_unit(5, i) - 30;
            layer.u2.push_back(layer.u[i] + 7.3f);
            layer.v2.push_back(layer.v[i] - 2.1f);
            layer.mix.push_back(i % 5 == 0 ? hash_unit(6, i) : 0);
        }
    expect_like_reference(scene, grid, drawn(scene, grid, size));
}

INSTANTIATE_TEST_SUITE_P(AwkwardSizes, RasterSizes,
                         ::testing::Values(image::Size{1, 17}, image::Size{33, 9}, image::Size{64, 40},
                                           image::Size{7, 8}, image::Size{121, 67}),
                         [](const auto& test) {
                             return std::to_string(test.param.width_px) + "x" +
                                    std::to_string(test.param.height_px);
                         });

TEST(Raster, TextureIsClampedToItsEdge) {
    const Scene scene = two_sheets({64, 48});
    FrameGrid grid = blank_grid(scene, {16, 16});
    for (int i = 0; i < grid.count(); ++i) {
        grid.layers[0].u[i] = -500 + static_cast<float>(i);
        grid.layers[0].v[i] = 1e6f;
    }
    const FrameBuffer frame = drawn(scene, grid, {16, 16});
    const auto* corner = scene.layers[0].texture.at(0, 47);
    EXPECT_TRUE(std::equal(corner, corner + 4, frame.at(9, 9)));
}

TEST(Raster, WholePixelsAtScaleOneAreTheTextureItself) {
    const Scene scene = two_sheets({64, 48});
    const Framing framing{32, 24, 1, 60};
    const image::Size size{64, 48};
    const FrameBuffer frame =
        drawn(scene, warped_grid(scene, framing, view_of({}, framing, 35, size), size), size);
    EXPECT_TRUE(std::equal(frame.at(3, 4), frame.at(4, 4), scene.layers[0].texture.at(3, 4)));
    EXPECT_TRUE(std::equal(frame.at(32, 24), frame.at(33, 24), scene.layers[1].texture.at(32, 24)));
}

TEST(Raster, EveryInstructionSetDrawsTheSamePicture) {
    const image::Size size{121, 67};
    const Scene scene = two_sheets({160, 90});
    const Framing framing{80, 45, 1.1, 100};
    const View view = view_of({.x = 0.05, .z = 0.1, .roll = 3}, framing, 35, size);
    const FrameBuffer best = drawn(scene, warped_grid(scene, framing, view, size), size);
    const auto drawn_with = [&](std::int64_t targets) {
        hwy::SetSupportedTargetsForTest(targets);
        FrameBuffer frame = drawn(scene, warped_grid(scene, framing, view, size), size);
        hwy::SetSupportedTargetsForTest(0);
        return frame;
    };
    for (std::int64_t rest = hwy::SupportedTargets(); rest != 0; rest &= rest - 1) {
        const FrameBuffer frame = drawn_with(rest & -rest);
        for (std::size_t i = 0; i < frame.pixels.size(); ++i)
            ASSERT_NEAR(frame.pixels[i], best.pixels[i], 1) << hwy::TargetName(rest & -rest);
#if HWY_ARCH_X86
        // The wider one is used eight lanes wide, with the same fused operations.
        if ((rest & -rest) == HWY_AVX2) {
            EXPECT_EQ(frame.pixels, best.pixels);
        }
#endif
    }
}

// A white dot in the texture shows where a pinhole camera puts it, on the far and on the near sheet.
class Markers : public ::testing::TestWithParam<prompt::CameraPose> {};

TEST_P(Markers, AppearWhereAPinholeSeesThem) {
    constexpr image::Size kSize{640, 360};
    const Framing framing{400, 225, 1.25, 594};
    const View view = view_of(GetParam(), framing, 35, kSize);
    struct Marker {
        int layer;
        double u, v;
    };
    for (const Marker& marker :
         {Marker{0, 210, 120}, Marker{0, 600, 330}, Marker{1, 380, 200}, Marker{1, 420, 262}}) {
        Scene scene = two_sheets({800, 450});
        for (Layer& layer : scene.layers)
            for (std::size_t i = 0; i < layer.texture.pixels.size(); i += 4)
                std::fill_n(&layer.texture.pixels[i], 3, std::uint8_t{0});
        image::Image& texture = scene.layers[marker.layer].texture;
        for (int y = 0; y < texture.height_px; ++y)
            for (int x = 0; x < texture.width_px; ++x) {
                const double away = std::hypot(x + 0.5 - marker.u, y + 0.5 - marker.v);
                const double level = 255 * std::clamp(5 - away, 0.0, 1.0);
                for (int c = 0; c < 3; ++c) texture.at(x, y)[c] = static_cast<std::uint8_t>(level);
            }
        const FrameBuffer frame = drawn(scene, warped_grid(scene, framing, view, kSize), kSize);
        double sum = 0, sum_x = 0, sum_y = 0;
        for (int y = 0; y < kSize.height_px; ++y)
            for (int x = 0; x < kSize.width_px; ++x) {
                const double level = frame.at(x, y)[0];
                sum += level, sum_x += level * (x + 0.5), sum_y += level * (y + 0.5);
            }
        ASSERT_GT(sum, 0);
        const double w = scene.layers[marker.layer].inverse_depth.at(0, 0);
        const Projected expected = view.project(world_of(framing, marker.u, marker.v, w));
        EXPECT_NEAR(sum_x / sum, expected.x, 0.3) << marker.layer;
        EXPECT_NEAR(sum_y / sum, expected.y, 0.3) << marker.layer;
    }
}

INSTANTIATE_TEST_SUITE_P(Poses, Markers,
                         ::testing::Values(prompt::CameraPose{}, prompt::CameraPose{.pan = 3},
                                           prompt::CameraPose{.tilt = -2}, prompt::CameraPose{.roll = 8},
                                           prompt::CameraPose{.focal_mm = 42}, prompt::CameraPose{.z = 0.15},
                                           prompt::CameraPose{.x = 0.06}, prompt::CameraPose{.y = -0.05},
                                           prompt::CameraPose{.x = 0.1, .z = 0.005, .pan = -5.7},
                                           prompt::CameraPose{.x = -0.03, .z = 0.1, .pan = 2, .roll = -4}),
                         [](const auto& test) { return "pose" + std::to_string(test.index); });

TEST(AlphaBlocks, KnowClearAndOpaqueParts) {
    const Scene scene = two_sheets({160, 90});
    const AlphaBlocks blocks = alpha_blocks_of(scene.layers[1].texture);
    ASSERT_EQ(blocks.columns, 10);
    ASSERT_EQ(blocks.rows, 6);
    EXPECT_EQ(blocks.greatest[0], 0);
    EXPECT_EQ(blocks.least[2 * 10 + 4], 0);
    EXPECT_EQ(blocks.greatest[2 * 10 + 4], 255);
}

}  // namespace
}  // namespace stillreel::animatic
