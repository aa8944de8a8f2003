#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/layers.h"

namespace stillreel::animatic {

using image::Image;
using image::Plane;

float sample(const Plane& plane, float x, float y) {
    x = std::clamp(x, 0.0f, static_cast<float>(plane.width_px - 1));
    y = std::clamp(y, 0.0f, static_cast<float>(plane.height_px - 1));
    const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
    const int x1 = std::min(x0 + 1, plane.width_px - 1), y1 = std::min(y0 + 1, plane.height_px - 1);
    const float fx = x - static_cast<float>(x0), fy = y - static_cast<float>(y0);
    const float top = plane.at(x0, y0) + fx * (plane.at(x1, y0) - plane.at(x0, y0));
    const float bottom = plane.at(x0, y1) + fx * (plane.at(x1, y1) - plane.at(x0, y1));
    return top + fy * (bottom - top);
}

namespace {

constexpr int kReach = 2;              // cells around a pixel's own that vote
constexpr int kLanes = 16;             // pixels of a cell's row at once
constexpr float kColourReach = 42.0f;  // colour distance, 8-bit levels, beyond which a cell has no vote

struct Lift {
    const Image& picture;
    const Image& small;
    const Plane& soft;
    const Plane& crisp;
    CellMap map;
    Image& texture;

    int cells_x() const { return map.cells.width_px; }
    int cells_y() const { return map.cells.height_px; }

    /// Whether all cells that vote in this one agree.
    bool uniform(int cell_x, int cell_y) const {
        const float value = soft.at(cell_x, cell_y);
        if (value > 0.004f && value < 0.996f) return false;
        for (int y = std::max(0, cell_y - kReach); y <= std::min(cells_y() - 1, cell_y + kReach); ++y)
            for (int x = std::max(0, cell_x - kReach); x <= std::min(cells_x() - 1, cell_x + kReach); ++x)
                if (std::abs(soft.at(x, y) - value) > 0.02f) return false;
        return true;
    }

    void flat(int cell_x, int cell_y) const {
        const std::uint8_t alpha = soft.at(cell_x, cell_y) > 0.5f ? 255 : 0;
        for (int y = map.top(cell_y); y < map.top(cell_y + 1); ++y)
            for (int x = map.left(cell_x); x < map.left(cell_x + 1); ++x) texture.at(x, y)[3] = alpha;
    }

    /// One row of pixels of one cell: the cells around vote with their membership, each by how alike its
    /// colour is.
    void vote(int cell_x, int cell_y, int x0, int lanes, int y) const {
        std::array<float, kLanes> r{}, g{}, b{}, near_x{}, sum{}, weight{};
        const float step_x = static_cast<float>(cells_x()) / static_cast<float>(map.pixels.width_px);
        const float step_y = static_cast<float>(cells_y()) / static_cast<float>(map.pixels.height_px);
        const float at_y = (static_cast<float>(y) + 0.5f) * step_y - 0.5f;
        for (int i = 0; i < lanes; ++i) {
            const std::uint8_t* pixel = picture.at(x0 + i, y);
            r[i] = pixel[0], g[i] = pixel[1], b[i] = pixel[2];
            near_x[i] = (static_cast<float>(x0 + i) + 0.5f) * step_x - 0.5f;
        }
        const int padded = (lanes + 3) & ~3;  // whole SIMD registers; what is too much is not used
        constexpr float kFalloff = 1.0f / (kColourReach * kColourReach);
        constexpr float kSpread = 1.0f / ((kReach + 0.5f) * (kReach + 0.5f));  // 0 at the window's edge
        for (int cy = std::max(0, cell_y - kReach); cy <= std::min(cells_y() - 1, cell_y + kReach); ++cy)
            for (int cx = std::max(0, cell_x - kReach); cx <= std::min(cells_x() - 1, cell_x + kReach);
                 ++cx) {
                const float member = soft.at(cx, cy);
                const float certain = 0.03f + (2 * member - 1) * (2 * member - 1);
                const std::uint8_t* colour = small.at(cx, cy);
                const float cr = colour[0], cg = colour[1], cb = colour[2];
                const float dy = at_y - static_cast<float>(cy), fcx = static_cast<float>(cx);
                const float near_y = std::max(0.0f, 1 - dy * dy * kSpread) * certain;
                for (int i = 0; i < padded; ++i) {
                    const float dr = r[i] - cr, dg = g[i] - cg, db = b[i] - cb, dx = near_x[i] - fcx;
                    float alike = std::max(0.0f, 1 - (dr * dr + dg * dg + db * db) * kFalloff * 0.5f);
                    alike *= alike;
                    alike *= alike;
                    const float near = std::max(0.0f, 1 - dx * dx * kSpread) * near_y;
                    const float w = near * near * (alike + 0.002f);
                    sum[i] += w * member;
                    weight[i] += w;
                }
            }
        for (int i = 0; i < lanes; ++i) {
            const float voted = std::clamp((sum[i] / weight[i] - 0.5f) * 2.2f + 0.5f, 0.0f, 1.0f);
            const float plain = sample(soft, near_x[i], at_y);
            const float alpha = plain + (voted - plain) * sample(crisp, near_x[i], at_y);
            texture.at(x0 + i, y)[3] =
                static_cast<std::uint8_t>(std::lround(255 * std::clamp(alpha, 0.0f, 1.0f)));
        }
    }

    void row_of_cells(int cell_y) const {
        for (int cell_x = 0; cell_x < cells_x(); ++cell_x) {
            if (uniform(cell_x, cell_y)) {
                flat(cell_x, cell_y);
                continue;
            }
            for (int y = map.top(cell_y); y < map.top(cell_y + 1); ++y)
                for (int x = map.left(cell_x); x < map.left(cell_x + 1); x += kLanes)
                    vote(cell_x, cell_y, x, std::min(kLanes, map.left(cell_x + 1) - x), y);
        }
    }
};

}  // namespace

void lift_alpha(const Image& picture, const Image& small, const Plane& soft, const Plane& crisp,
                Image& texture, ThreadPool& pool) {
    const Lift lift{picture, small, soft, crisp, {small.size(), picture.size()}, texture};
    pool.parallel_for(small.height_px, [&](int cell_y) { lift.row_of_cells(cell_y); });
}

}  // namespace stillreel::animatic
