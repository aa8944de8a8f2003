#include "animatic/raster.h"

#include <gtest/gtest.h>

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
