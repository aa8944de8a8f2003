#include "animatic/layers_colour.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/fill.h"
#include "animatic/fill_patches.h"

namespace stillreel::animatic {

using image::Image;
using image::Plane;

namespace {

constexpr int kEdgePx = 2;         // pixels beyond a nearer layer's edge that still hold some of its colour
constexpr float kUnmixSlack = 50;  // how far an unmixed colour may be from its surroundings, 8-bit levels

using Colour = std::array<float, 3>;

/// Parallax uncovers at most about this share of the picture's width; deeper inside a smooth continuation
/// will do.
constexpr double kReach = 0.1;

/// What is known of layer k, and what nearer layers hide of it, the cells that their edges mix included.
Gap gap_of(const LayerPlan& plan, const LayerSheets& sheets, image::Size size, int k) {
    const int width = size.width_px, height = size.height_px;
    Gap gap;
    gap.target.assign(plan.label.size(), 0);
    gap.source.assign(plan.label.size(), 0);
    constexpr int kMixedCells = 2;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            bool covered = false, pure = true;
            for (int dy = -kMixedCells; dy <= kMixedCells; ++dy)
                for (int dx = -kMixedCells; dx <= kMixedCells; ++dx) {
                    const int i =
                        std::clamp(y + dy, 0, height - 1) * width + std::clamp(x + dx, 0, width - 1);
                    const int front = plan.label[i];
                    covered |= front > k && sheets.steps[front].values[i] > 0.02f;
                    pure &= front >= k || std::max(std::abs(dx), std::abs(dy)) > 1;
                }
            const int i = y * width + x;
            gap.target[i] = covered && plan.extent[k].values[i] > 0.01f;
            gap.source[i] = !covered && pure && plan.label[i] == k;
        }
    return gap;
}

/// A layer's colours at low resolution, continued over the whole picture: texture nearby, smooth beyond.
struct Continuation {
    std::array<Plane, 3> smooth;
    PatchFill patches;
};

Continuation continue_layer(const Image& small, const LayerPlan& plan, const LayerSheets& sheets, int k) {
    const Gap gap = gap_of(plan, sheets, small.size(), k);
    Plane own(small.width_px, small.height_px);
    for (std::size_t i = 0; i < own.values.size(); ++i)
        own.values[i] = gap.source[i] ? 1.0f : plan.label[i] == k ? 0.001f : 0.0f;
    Continuation continuation;
    for (int c = 0; c < 3; ++c) {
        Plane channel(small.width_px, small.height_px);
        for (std::size_t i = 0; i < channel.values.size(); ++i) channel.values[i] = small.pixels[3 * i + c];
        continuation.smooth[c] = pull_push(channel, own);
    }
    const int reach = std::max(3, static_cast<int>(kReach * small.width_px));
    if (k + 1 < plan.count)
        continuation.patches = complete_by_patches(small, gap, continuation.smooth, reach);
    return continuation;
}

struct Painter {
    const Image& picture;
    const LayerPlan& plan;
    LayerSheets& sheets;
    CellMap map;
    std::vector<Continuation> continued;

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

    /// The greatest alpha of a layer within a square ring around a pixel.
    static int alpha_around(const Image& texture, int x, int y, int radius_px) {
        int alpha = 0;
        for (int dy = -radius_px; dy <= radius_px; dy += radius_px)
            for (int dx = -radius_px; dx <= radius_px; dx += radius_px)
                alpha = std::max<int>(alpha, texture.at(std::clamp(x + dx, 0, texture.width_px - 1),
                                                        std::clamp(y + dy, 0, texture.height_px - 1))[3]);
        return alpha;
    }

    /// How much of the pixel is hidden behind layers nearer than k that stand clear of it. The fringe counts
    /// too: a lens spreads a thing's colour a little beyond its edge, and it would stay behind as an outline.
    float hidden(int x, int y, int k, float cell_x, float cell_y) const {
        const int fringe_px = std::max(2, map.pixels.width_px / 500);
        float most = 0;
        for (int j = k + 1; j < plan.count; ++j) {
            const Image& front = sheets.textures[j];
            const float step = sample(sheets.steps[j], cell_x, cell_y);
            if (step <= most) continue;
            if (front.at(x, y)[3] >= 48) {
                most = step;
                continue;
            }
            const int close = alpha_around(front, x, y, fringe_px);
            const int wider = close >= 48 ? close : alpha_around(front, x, y, 2 * fringe_px);
            const float share =
                std::max(static_cast<float>(close) / 48, 0.5f * static_cast<float>(wider) / 128);
            most = std::max(most, std::min(1.0f, share) * step);
        }
        return most;
    }

    Colour smooth(int k, float cell_x, float cell_y) const {
        const std::array<Plane, 3>& planes = continued[k].smooth;
        return {sample(planes[0], cell_x, cell_y), sample(planes[1], cell_x, cell_y),
                sample(planes[2], cell_x, cell_y)};
    }

    /// The picture's own pixels through the offsets of the cells around, cross-faded where these disagree.
    Colour filled(int x, int y, int k, float cell_x, float cell_y) const {
        Colour colour = smooth(k, cell_x, cell_y);
        const PatchFill& patches = continued[k].patches;
        if (patches.empty()) return colour;
        const int left = static_cast<int>(std::floor(cell_x)), top = static_cast<int>(std::floor(cell_y));
        Colour copied{};
        float weights = 0, share = 0;
        for (int part = 0; part < 4; ++part) {
            const int cx = std::clamp(left + part % 2, 0, map.cells.width_px - 1);
            const int cy = std::clamp(top + part / 2, 0, map.cells.height_px - 1),
                      i = cy * map.cells.width_px + cx;
            const float fx = cell_x - static_cast<float>(left), fy = cell_y - static_cast<float>(top);
            const float near = (part % 2 ? fx : 1 - fx) * (part / 2 ? fy : 1 - fy);
            share += near * patches.share.values[i];
            if (patches.share.values[i] <= 0 || near <= 0) continue;
            // Long offsets keep whole pixels: the copy is as sharp as its source.
            const int from_x = x + patches.dx[i] * map.pixels.width_px / map.cells.width_px;
            const int from_y = y + patches.dy[i] * map.pixels.height_px / map.cells.height_px;
            const std::uint8_t* source = picture.at(std::clamp(from_x, 0, picture.width_px - 1),
                                                    std::clamp(from_y, 0, picture.height_px - 1));
            for (int c = 0; c < 3; ++c)
                copied[c] += near * (static_cast<float>(source[c]) + patches.correction[c].values[i]);
            weights += near;
        }
        if (weights > 0)
            for (int c = 0; c < 3; ++c) colour[c] += share * (copied[c] / weights - colour[c]);
        return colour;
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
            const Colour back = beneath(x, y, k), pure = smooth(k, cell_x, cell_y);
            for (int c = 0; c < 3; ++c) {
                const float unmixed = (colour[c] - (1 - alpha) * back[c]) / alpha;
                colour[c] = std::clamp(unmixed, pure[c] - kUnmixSlack, pure[c] + kUnmixSlack);
            }
        }
        if (behind > 0) {
            const Colour behind_it = filled(x, y, k, cell_x, cell_y);
            for (int c = 0; c < 3; ++c) colour[c] += behind * (behind_it[c] - colour[c]);
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
    pool.parallel_for(plan.count,
                      [&](int k) { painter.continued[k] = continue_layer(small, plan, sheets, k); });
    pool.parallel_for(small.height_px, [&](int cell_y) {
        for (int cell_x = 0; cell_x < small.width_px; ++cell_x)
            for (int k = 0; k < plan.count; ++k) painter.cell(cell_x, cell_y, k);
    });
}

}  // namespace stillreel::animatic
