#include "animatic/raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "animatic/raster.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef STILLREEL_RASTER_TYPES
#define STILLREEL_RASTER_TYPES
namespace stillreel::animatic {

constexpr int kMaxLayers = 8;

// One layer as one tile sees it. Corner order: top left, top right, bottom left, bottom right.
struct TileLayer {
    const std::int32_t* texels;
    int width, height;
    std::array<float, 4> u, v, u2, v2, mix;
    std::array<std::array<float, 4>, 6> light;  // gain r g b, add r g b
    bool opaque, lit, flows;
};

struct Tile {
    std::array<TileLayer, kMaxLayers> layers;  // those that show, back to front from layers[first]
    int first = kMaxLayers;
};

}  // namespace stillreel::animatic
#endif

HWY_BEFORE_NAMESPACE();
namespace stillreel::animatic {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A tile's row is eight floats: one AVX register, or two of SSE; wider ones are not used, so that AVX2 and
// AVX-512 give the same bits.
using Floats = hn::CappedTag<float, kTilePx>;
using Ints = hn::RebindToSigned<Floats>;
using V = hn::Vec<Floats>;
using I = hn::Vec<Ints>;

// A quantity that is bilinear over the tile, ready for one row after the other.
struct Ramp {
    HWY_ALIGN float top[kTilePx];
    HWY_ALIGN float down[kTilePx];

    void set(const std::array<float, 4>& corner, float offset) {
        const Floats d;
        for (int x = 0; x < kTilePx; x += static_cast<int>(hn::Lanes(d))) {
            const V at = hn::Mul(hn::Add(hn::Iota(d, static_cast<float>(x)), hn::Set(d, 0.5f)),
                                 hn::Set(d, 1.0f / kTilePx));
            const V above = hn::MulAdd(at, hn::Set(d, corner[1] - corner[0]), hn::Set(d, corner[0] + offset));
            const V below = hn::MulAdd(at, hn::Set(d, corner[3] - corner[2]), hn::Set(d, corner[2] + offset));
            hn::Store(above, d, top + x);
            hn::Store(hn::Sub(below, above), d, down + x);
        }
    }
    V at(int x, V y) const {
        const Floats d;
        return hn::MulAdd(y, hn::Load(d, down + x), hn::Load(d, top + x));
    }
};

struct LayerRamps {
    Ramp u, v, u2, v2, mix;
    Ramp light[6];
};

struct Colour {
    V r, g, b, a;
};

template <int kShift>
HWY_INLINE V channel(I texel) {
    const Floats d;
    const Ints di;
    if constexpr (kShift == 24)
        return hn::ConvertTo(
            d, hn::BitCast(di, hn::ShiftRight<24>(hn::BitCast(hn::RebindToUnsigned<Ints>(), texel))));
    return hn::ConvertTo(d, hn::And(hn::ShiftRight<kShift>(texel), hn::Set(di, 255)));
}

template <int kShift>
HWY_INLINE V blend(const I (&t)[4], V fx, V fy) {
    const V a = channel<kShift>(t[0]), b = channel<kShift>(t[1]);
    const V c = channel<kShift>(t[2]), e = channel<kShift>(t[3]);
    const V top = hn::MulAdd(fx, hn::Sub(b, a), a), bottom = hn::MulAdd(fx, hn::Sub(e, c), c);
    return hn::MulAdd(fy, hn::Sub(bottom, top), top);
}

/// left = texels[index], right = texels[index + 1]. Neighbours lie side by side: plain 8-byte loads fetch
/// both at once, in half of the time of two gathers.
template <class D>
HWY_INLINE void load_neighbours(D di, const std::int32_t* texels, hn::Vec<D> index, hn::Vec<D>& left,
                                hn::Vec<D>& right) {
#if HWY_TARGET == HWY_SCALAR
    left = hn::GatherIndex(di, texels, index);
    right = hn::GatherIndex(di, texels + 1, index);
#else
    HWY_ALIGN std::int32_t at[kTilePx];
    hn::Store(index, di, at);
    const hn::Full64<std::int32_t> pair;
    const hn::Full128<std::int32_t> two;
    const auto pairs = [&](int lane) {
        return hn::Combine(two, hn::LoadU(pair, texels + at[lane + 1]), hn::LoadU(pair, texels + at[lane]));
    };
    if constexpr (hn::MaxLanes(D()) == 8) {
        const auto low = hn::Combine(di, pairs(2), pairs(0)), high = hn::Combine(di, pairs(6), pairs(4));
        left = hn::ConcatEven(di, high, low);
        right = hn::ConcatOdd(di, high, low);
    } else {
        left = hn::ConcatEven(di, pairs(2), pairs(0));
        right = hn::ConcatOdd(di, pairs(2), pairs(0));
    }
#endif
}

// Added to a float below 2^22, this leaves its rounded value in the low bits: a conversion without the care
// that Highway's takes of values out of range.
constexpr float kRounding = 12582912.0f;  // 1.5 * 2^23
constexpr int kRoundingBits = 0x4B400000;

struct Cell {
    I number;
    V within;  // 0 to 1
};

/// Between which two texel centres `at` (>= 0) lies; the last pair begins at `last`. A whole number may count
/// as the end of one cell or the beginning of the next.
HWY_INLINE Cell cell_of(V at, float last) {
    const Floats d;
    const Ints di;
    const V rounded =
        hn::Add(hn::Min(hn::Sub(at, hn::Set(d, 0.5f)), hn::Set(d, last)), hn::Set(d, kRounding));
    return {hn::Sub(hn::BitCast(di, rounded), hn::Set(di, kRoundingBits)),
            hn::Sub(at, hn::Sub(rounded, hn::Set(d, kRounding)))};
}

HWY_INLINE Colour sample(const TileLayer& layer, V u, V v) {
    const Floats d;
    const Ints di;
    const V x = hn::Min(hn::Max(u, hn::Zero(d)), hn::Set(d, static_cast<float>(layer.width - 1)));
    const V y = hn::Min(hn::Max(v, hn::Zero(d)), hn::Set(d, static_cast<float>(layer.height - 1)));
    const Cell column = cell_of(x, static_cast<float>(layer.width - 2));
    const Cell row = cell_of(y, static_cast<float>(layer.height - 2));
    const V fx = column.within, fy = row.within;
    const I index = hn::Add(hn::Mul(row.number, hn::Set(di, layer.width)), column.number);
    I texel[4];
    load_neighbours(di, layer.texels, index, texel[0], texel[1]);
    load_neighbours(di, layer.texels + layer.width, index, texel[2], texel[3]);
    Colour colour;
    colour.r = blend<0>(texel, fx, fy);
    colour.g = blend<8>(texel, fx, fy);
    colour.b = blend<16>(texel, fx, fy);
    colour.a = layer.opaque ? hn::Set(d, 255.0f) : blend<24>(texel, fx, fy);
    return colour;
}

HWY_INLINE Colour look(const TileLayer& layer, const LayerRamps& ramps, int x, V y) {
    Colour colour = sample(layer, ramps.u.at(x, y), ramps.v.at(x, y));
    if (layer.flows) {
        const Colour other = sample(layer, ramps.u2.at(x, y), ramps.v2.at(x, y));
        const V mix = ramps.mix.at(x, y);
        colour.r = hn::MulAdd(mix, hn::Sub(other.r, colour.r), colour.r);
        colour.g = hn::MulAdd(mix, hn::Sub(other.g, colour.g), colour.g);
        colour.b = hn::MulAdd(mix, hn::Sub(other.b, colour.b), colour.b);
        colour.a = hn::MulAdd(mix, hn::Sub(other.a, colour.a), colour.a);
    }
    if (layer.lit) {
        const Floats d;
        const V cover = hn::Mul(colour.a, hn::Set(d, 1.0f / 255));
        colour.r = hn::MulAdd(colour.r, ramps.light[0].at(x, y), hn::Mul(cover, ramps.light[3].at(x, y)));
        colour.g = hn::MulAdd(colour.g, ramps.light[1].at(x, y), hn::Mul(cover, ramps.light[4].at(x, y)));
        colour.b = hn::MulAdd(colour.b, ramps.light[2].at(x, y), hn::Mul(cover, ramps.light[5].at(x, y)));
    }
    return colour;
}

HWY_INLINE I packed(const Colour& colour) {
    const Floats d;
    const Ints di;
    // The high bits of the rounding constant are shifted out or covered by alpha.
    const auto level = [&](V value) {
        const V clamped = hn::Min(hn::Max(value, hn::Zero(d)), hn::Set(d, 255.0f));
        return hn::BitCast(di, hn::Add(clamped, hn::Set(d, 8388608.0f)));
    };
    const I red_green = hn::Or(level(colour.r), hn::ShiftLeft<8>(level(colour.g)));
    return hn::Or(hn::Or(red_green, hn::ShiftLeft<16>(level(colour.b))),
                  hn::Set(di, static_cast<int>(0xFF000000u)));
}

void DrawTile(const Tile& tile, int width, int height, std::uint8_t* out, std::size_t stride) {
    const Floats d;
    const Ints di;
    LayerRamps ramps[kMaxLayers];
    for (int i = tile.first; i < kMaxLayers; ++i) {
        const TileLayer& layer = tile.layers[i];
        ramps[i].u.set(layer.u, -0.5f);
        ramps[i].v.set(layer.v, -0.5f);
        if (layer.flows) {
            ramps[i].u2.set(layer.u2, -0.5f);
            ramps[i].v2.set(layer.v2, -0.5f);
            ramps[i].mix.set(layer.mix, 0);
        }
        for (int k = 0; layer.lit && k < 6; ++k) ramps[i].light[k].set(layer.light[k], 0);
    }
    HWY_ALIGN std::int32_t row[kTilePx];
    for (int line = 0; line < height; ++line) {
        const V y = hn::Set(d, (static_cast<float>(line) + 0.5f) / kTilePx);
        for (int x = 0; x < kTilePx; x += static_cast<int>(hn::Lanes(d))) {
            Colour sum = look(tile.layers[tile.first], ramps[tile.first], x, y);
            for (int i = tile.first + 1; i < kMaxLayers; ++i) {
                const Colour over = look(tile.layers[i], ramps[i], x, y);
                const V rest = hn::NegMulAdd(over.a, hn::Set(d, 1.0f / 255), hn::Set(d, 1.0f));
                sum.r = hn::MulAdd(sum.r, rest, over.r);
                sum.g = hn::MulAdd(sum.g, rest, over.g);
                sum.b = hn::MulAdd(sum.b, rest, over.b);
            }
            hn::Store(packed(sum), di, row + x);
        }
        if (width == kTilePx)
            std::memcpy(out + line * stride, row, sizeof(row));
        else
            std::memcpy(out + line * stride, row, static_cast<std::size_t>(width) * 4);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::animatic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::animatic {
namespace {

HWY_EXPORT(DrawTile);

using Corners = std::array<float, 4>;

Corners corners_of(const std::vector<float>& values, std::size_t at, int columns) {
    return {values[at], values[at + 1], values[at + columns], values[at + columns + 1]};
}

bool all_equal(const Corners& corners, float value) {
    return corners[0] == value && corners[1] == value && corners[2] == value && corners[3] == value;
}

enum class Cover { clear, partial, opaque };

// Of the texels that a tile with these corners can touch: bilinear coordinates stay within their hull.
Cover cover_of(const AlphaBlocks& blocks, const Corners& u, const Corners& v) {
    constexpr float kScale = 1.0f / AlphaBlocks::kBlockTexel;
    const auto block = [](float texel, int count) {
        return static_cast<int>(std::clamp(texel * kScale, 0.0f, static_cast<float>(count) - 0.5f));
    };
    const auto [u_least, u_most] = std::minmax({u[0], u[1], u[2], u[3]});
    const auto [v_least, v_most] = std::minmax({v[0], v[1], v[2], v[3]});
    const int left = block(u_least - 1, blocks.columns), right = block(u_most + 1, blocks.columns);
    const int top = block(v_least - 1, blocks.rows), bottom = block(v_most + 1, blocks.rows);
    std::uint8_t least = 255, greatest = 0;
    for (int y = top; y <= bottom; ++y)
        for (int x = left; x <= right; ++x) {
            least = std::min(least, blocks.least[y * blocks.columns + x]);
            greatest = std::max(greatest, blocks.greatest[y * blocks.columns + x]);
        }
    return greatest == 0 ? Cover::clear : least == 255 ? Cover::opaque : Cover::partial;
}

Cover joined(Cover a, Cover b) { return a == b ? a : Cover::partial; }

// Fills what the kernel needs of one layer for the tile whose top left vertex is `at`; false: it does not
// show.
bool see_layer(const LayerGrid& grid, const image::Image& texture, const AlphaBlocks& blocks, bool rearmost,
               std::size_t at, int columns, TileLayer& out) {
    out.u = corners_of(grid.u, at, columns);
    out.v = corners_of(grid.v, at, columns);
    out.flows = grid.flows();
    if (out.flows) {
        out.mix = corners_of(grid.mix, at, columns);
        out.flows = !all_equal(out.mix, 0);
    }
    if (out.flows) {
        out.u2 = corners_of(grid.u2, at, columns);
        out.v2 = corners_of(grid.v2, at, columns);
    }
    out.opaque = rearmost;
    if (!rearmost) {
        Cover cover = cover_of(blocks, out.u, out.v);
        if (out.flows) cover = joined(cover, cover_of(blocks, out.u2, out.v2));
        if (cover == Cover::clear) return false;
        out.opaque = cover == Cover::opaque;
    }
    const std::vector<float>* const light[6] = {&grid.gain_r, &grid.gain_g, &grid.gain_b,
                                                &grid.add_r,  &grid.add_g,  &grid.add_b};
    out.lit = false;
    for (int k = 0; k < 6; ++k) {
        out.light[k] = corners_of(*light[k], at, columns);
        out.lit = out.lit || !all_equal(out.light[k], k < 3 ? 1.0f : 0.0f);
    }
    out.texels = reinterpret_cast<const std::int32_t*>(texture.pixels.data());
    out.width = texture.width_px;
    out.height = texture.height_px;
    return true;
}

}  // namespace

AlphaBlocks alpha_blocks_of(const image::Image& texture) {
    constexpr int kBlock = AlphaBlocks::kBlockTexel;
    AlphaBlocks blocks;
    blocks.columns = (texture.width_px + kBlock - 1) / kBlock;
    blocks.rows = (texture.height_px + kBlock - 1) / kBlock;
    blocks.least.assign(static_cast<std::size_t>(blocks.columns) * blocks.rows, 255);
    blocks.greatest.assign(blocks.least.size(), 0);
    for (int y = 0; y < texture.height_px; ++y) {
        const std::uint8_t* alpha = texture.row(y) + 3;
        std::uint8_t* least = blocks.least.data() + static_cast<std::size_t>(y / kBlock) * blocks.columns;
        std::uint8_t* greatest =
            blocks.greatest.data() + static_cast<std::size_t>(y / kBlock) * blocks.columns;
        for (int block = 0; block < blocks.columns; ++block) {
            const int end = std::min((block + 1) * kBlock, texture.width_px);
            std::uint8_t low = 255, high = 0;
            for (int x = block * kBlock; x < end; ++x) {
                low = std::min(low, alpha[4 * x]);
                high = std::max(high, alpha[4 * x]);
            }
            least[block] = std::min(least[block], low);
            greatest[block] = std::max(greatest[block], high);
        }
    }
    return blocks;
}

Raster::Raster(const Scene& scene) : scene_(&scene) {
    STILLREEL_CHECK(scene.layers.size() <= kMaxLayers);
    for (const Layer& layer : scene.layers) {
        STILLREEL_CHECK(layer.texture.channels == 4 && layer.texture.width_px >= 2 &&
                        layer.texture.height_px >= 2);
        // The rearmost layer is opaque: nobody asks.
        blocks_.push_back(blocks_.empty() ? AlphaBlocks{} : alpha_blocks_of(layer.texture));
    }
}

void Raster::draw(const FrameGrid& grid, int tile_row, FrameBuffer& frame) const {
    const int top = tile_row * kTilePx;
    const int height = std::min(kTilePx, frame.height_px - top);
    const auto draw_tile = &HWY_DYNAMIC_DISPATCH(DrawTile);
    Tile tile;
    for (int column = 0; column * kTilePx < frame.width_px; ++column) {
        const std::size_t at = static_cast<std::size_t>(tile_row) * grid.columns + column;
        tile.first = kMaxLayers;
        for (int i = static_cast<int>(scene_->layers.size()) - 1; i >= 0; --i) {
            TileLayer& layer = tile.layers[tile.first - 1];
            if (!see_layer(grid.layers[i], scene_->layers[i].texture, blocks_[i], i == 0, at, grid.columns,
                           layer))
                continue;
            --tile.first;
            if (layer.opaque) break;
        }
        draw_tile(tile, std::min(kTilePx, frame.width_px - column * kTilePx), height,
                  frame.at(column * kTilePx, top), frame.stride());
    }
}

std::uint8_t alpha_at(const image::Image& texture, float u, float v) {
    const int x = static_cast<int>(std::clamp(u, 0.0f, static_cast<float>(texture.width_px - 1)));
    const int y = static_cast<int>(std::clamp(v, 0.0f, static_cast<float>(texture.height_px - 1)));
    return texture.at(x, y)[3];
}

}  // namespace stillreel::animatic
#endif
