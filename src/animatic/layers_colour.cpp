#include "animatic/layers_colour.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/fill.h"

namespace stillreel::animatic {

using image::Image;
using image::Plane;

namespace {

constexpr int kEdgePx = 2;         // pixels beyond a nearer layer's edge that still hold some of its colour
constexpr float kUnmixSlack = 50;  // how far an unmixed colour may be from its surroundings, 8-bit levels

using Colour = std::array<float, 3>;

/// A layer's own colours at low resolution, continued smoothly over the whole picture.
std::array<Plane, 3> continued_colours(const Image& small, const LayerPlan& plan, int k) {
    const int width = small.width_px, height = small.height_px;
    Plane own(width, height);
    constexpr int kMixedCells = 1;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            bool pure = true;
            for (int dy = -kMixedCells; dy <= kMixedCells; ++dy)
                for (int dx = -kMixedCells; dx <= kMixedCells; ++dx)
                    pure &= plan.label[std::clamp(y + dy, 0, height - 1) * width +
                                       std::clamp(x + dx, 0, width - 1)] == k;
            own.at(x, y) = pure ? 1.0f : plan.label[y * width + x] == k ? 0.001f : 0.0f;
        }
    std::array<Plane, 3> colours;
    for (int c = 0; c < 3; ++c) {
        Plane channel(width, height);
        for (std::size_t i = 0; i < channel.values.size(); ++i) channel.values[i] = small.pixels[3 * i + c];
        colours[c] = pull_push(channel, own);
    }
    return colours;
}

struct Painter {
    const Image& picture;
    const LayerPlan& plan;
    LayerSheets& sheets;
    CellMap map;
    std::vector<std::array<Plane, 3>> continued;

    /// Whether any layer nearer than k may reach into the cell or its neighbours.
    bool covered(int cell_x, int cell_y, int k) const {
        for (int y = std::max(0, cell_y - 2); y <= std::min(map.cells.height_px - 1, cell_y + 2); ++y)
            for (int x = std::max(0, cell_x - 2); x <= std::min(map.cells.width_px - 1, cell_x + 2); ++x)
                if (plan.label[y * map.cells.width_px + x] > k)
                    return true;
                else
                    for (int j = k + 1; j < plan.count; ++j)
                        if (plan.extent[j].at(x, y) > 0.01f) return true;
        return false;
    }

    /// How much of the pixel is hidden behind layers nearer than k that stand clear of it, the edge's fringe
    /// included.
    float hidden(int x, int y, int k, float cell_x, float cell_y) const {
        float most = 0;
        for (int j = k + 1; j < plan.count; ++j) {
            const Image& front = sheets.textures[j];
            int alpha = 0;
            for (int dy = -kEdgePx; dy <= kEdgePx; dy += kEdgePx)
                for (int dx = -kEdgePx; dx <= kEdgePx; dx += kEdgePx)
                    alpha = std::max<int>(alpha, front.at(std::clamp(x + dx, 0, front.width_px - 1),
                                                          std::clamp(y + dy, 0, front.height_px - 1))[3]);
            if (alpha == 0) continue;
            const float share = std::min(1.0f, static_cast<float>(alpha) / 64.0f);
            most = std::max(most, share * sample(sheets.steps[j], cell_x, cell_y));
        }
        return most;
    }

    Colour continuation(int k, float cell_x, float cell_y) const {
        return {sample(continued[k][0], cell_x, cell_y), sample(continued[k][1], cell_x, cell_y),
                sample(continued[k][2], cell_x, cell_y)};
    }

    /// What layers 0 to k - 1 show at a pixel.
    Colour beneath(int x, int y, int k) const {
        Colour colour{};
        for (int j = 0; j < k; ++j) {
            const std::uint8_t* pixel = sheets.textures[j].at(x, y);
            const float through = 1 - pixel[3] / 255.0f;
            for (int c = 0; c < 3; ++c) colour[c] = colour[c] * through + pixel[c];
        }
        return colour;
    }

    void pixel(int x, int y, int k, bool may_be_hidden, float cell_x, float cell_y) const {
        std::uint8_t* out = sheets.textures[k].at(x, y);
        if (k == 0) out[3] = 255;
        if (out[3] == 0) return;
        const std::uint8_t* seen = picture.at(x, y);
        const float alpha = out[3] / 255.0f;
        Colour colour{static_cast<float>(seen[0]), static_cast<float>(seen[1]), static_cast<float>(seen[2])};
        const float behind = may_be_hidden ? hidden(x, y, k, cell_x, cell_y) : 0.0f;
        if (out[3] < 255 && behind < 1) {
            const Colour back = beneath(x, y, k), pure = continuation(k, cell_x, cell_y);
            for (int c = 0; c < 3; ++c) {
                const float unmixed = (colour[c] - (1 - alpha) * back[c]) / alpha;
                colour[c] = std::clamp(unmixed, pure[c] - kUnmixSlack, pure[c] + kUnmixSlack);
            }
        }
        if (behind > 0) {
            const Colour filled = continuation(k, cell_x, cell_y);
            for (int c = 0; c < 3; ++c) colour[c] += behind * (filled[c] - colour[c]);
        }
        for (int c = 0; c < 3; ++c)
            out[c] = static_cast<std::uint8_t>(std::clamp(colour[c], 0.0f, 255.0f) * alpha + 0.5f);
    }

    void cell(int cell_x, int cell_y, int k) const {
        const int left = map.left(cell_x), right = map.left(cell_x + 1);
        const bool may_be_hidden = covered(cell_x, cell_y, k);
        const float step_x = static_cast<float>(map.cells.width_px) / static_cast<float>(map.pixels.width_px);
        const float step_y =
            static_cast<float>(map.cells.height_px) / static_cast<float>(map.pixels.height_px);
        for (int y = map.top(cell_y); y < map.top(cell_y + 1); ++y)
            for (int x = left; x < right; ++x)
                pixel(x, y, k, may_be_hidden, (static_cast<float>(x) + 0.5f) * step_x - 0.5f,
                      (static_cast<float>(y) + 0.5f) * step_y - 0.5f);
    }
};

}  // namespace

void paint_layers(const Image& picture, const Image& small, const LayerPlan& plan, LayerSheets& sheets,
                  ThreadPool& pool) {
    Painter painter{picture, plan, sheets, {small.size(), picture.size()}, {}};
    painter.continued.resize(plan.count);
    pool.parallel_for(plan.count, [&](int k) { painter.continued[k] = continued_colours(small, plan, k); });
    pool.parallel_for(small.height_px, [&](int cell_y) {
        for (int cell_x = 0; cell_x < small.width_px; ++cell_x)
            for (int k = 0; k < plan.count; ++k) painter.cell(cell_x, cell_y, k);
    });
}

}  // namespace stillreel::animatic
