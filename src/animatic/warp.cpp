#include "animatic/warp.h"

#include <algorithm>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "animatic/warp.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace stillreel::animatic {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Eight lanes at most, so that AVX2 and AVX-512 group the vertices alike and stop iterating alike.
using Floats = hn::CappedTag<float, 8>;
using V = hn::Vec<Floats>;

constexpr int kMaxSteps = 12;
constexpr float kToleranceTexel = 0.02f;

struct Sampler {
    const float* values;
    int width;
    float scale_x, scale_y, last_x, last_y, last_column, last_row;

    explicit Sampler(const WarpSource& source)
        : values(source.inverse_depth->values.data()),
          width(source.inverse_depth->width_px),
          scale_x(static_cast<float>(source.inverse_depth->width_px) /
                  static_cast<float>(source.texture.width_px)),
          scale_y(static_cast<float>(source.inverse_depth->height_px) /
                  static_cast<float>(source.texture.height_px)),
          last_x(static_cast<float>(source.inverse_depth->width_px - 1)),
          last_y(static_cast<float>(source.inverse_depth->height_px - 1)),
          last_column(static_cast<float>(std::max(source.inverse_depth->width_px - 2, 0))),
          last_row(static_cast<float>(std::max(source.inverse_depth->height_px - 2, 0))) {}

    /// Bilinear, clamped to the edge.
    V at(V u, V v) const {
        const Floats d;
        const hn::RebindToSigned<Floats> di;
        const V zero = hn::Zero(d), half = hn::Set(d, 0.5f);
        const V x = hn::Min(hn::Max(hn::MulSub(u, hn::Set(d, scale_x), half), zero), hn::Set(d, last_x));
        const V y = hn::Min(hn::Max(hn::MulSub(v, hn::Set(d, scale_y), half), zero), hn::Set(d, last_y));
        const auto column = hn::ConvertTo(di, hn::Min(x, hn::Set(d, last_column)));
        const auto row = hn::ConvertTo(di, hn::Min(y, hn::Set(d, last_row)));
        const V fx = hn::Sub(x, hn::ConvertTo(d, column)), fy = hn::Sub(y, hn::ConvertTo(d, row));
        const auto index = hn::Add(hn::Mul(row, hn::Set(di, width)), column);
        const int right = last_x > 0 ? 1 : 0, below = last_y > 0 ? width : 0;
        const V a = hn::GatherIndex(d, values, index), b = hn::GatherIndex(d, values + right, index);
        const V c = hn::GatherIndex(d, values + below, index);
        const V e = hn::GatherIndex(d, values + below + right, index);
        const V top = hn::MulAdd(fx, hn::Sub(b, a), a), bottom = hn::MulAdd(fx, hn::Sub(e, c), c);
        return hn::MulAdd(fy, hn::Sub(bottom, top), top);
    }
};

struct Seen {
    V u, v, w;
};

class Warp {
  public:
    Warp(const WarpSource& source, const Framing& framing, const View& view)
        : sampler_(source),
          view_(view),
          inverse_focal_(1.0f / view.focal_px),
          centre_u_(static_cast<float>(framing.centre_u)),
          centre_v_(static_cast<float>(framing.centre_v)),
          texel_at_unit_(static_cast<float>(framing.texel_per_px * framing.focal_px)),
          parallax_(view.position.x != 0 || view.position.y != 0 || view.position.z != 0) {}

    Seen look(V x, V y) const {
        const Floats d;
        const auto& r = view_.rotation;
        const V rx = hn::Mul(hn::Sub(x, hn::Set(d, view_.centre_x)), hn::Set(d, inverse_focal_));
        const V ry = hn::Mul(hn::Sub(hn::Set(d, view_.centre_y), y), hn::Set(d, inverse_focal_));
        const V ray_x = hn::MulAdd(hn::Set(d, r[0]), rx, hn::MulAdd(hn::Set(d, r[3]), ry, hn::Set(d, r[6])));
        const V ray_y = hn::MulAdd(hn::Set(d, r[1]), rx, hn::MulAdd(hn::Set(d, r[4]), ry, hn::Set(d, r[7])));
        const V ray_z =
            hn::Max(hn::MulAdd(hn::Set(d, r[2]), rx, hn::MulAdd(hn::Set(d, r[5]), ry, hn::Set(d, r[8]))),
                    hn::Set(d, 0.05f));
        const V one_by_z = hn::Div(hn::Set(d, 1.0f), ray_z);
        const V slope_x = hn::Mul(ray_x, one_by_z), slope_y = hn::Mul(ray_y, one_by_z);
        Seen seen = on_surface(slope_x, slope_y, hn::Set(d, 1.0f));
        seen.w = sampler_.at(seen.u, seen.v);
        for (int step = 0; parallax_ && step < kMaxSteps; ++step) {
            const Seen next = on_surface(slope_x, slope_y, seen.w);
            const V moved = hn::Max(hn::Abs(hn::Sub(next.u, seen.u)), hn::Abs(hn::Sub(next.v, seen.v)));
            // A plain step at first; where the depth is steep the estimates swing, and half steps settle
            // them.
            const V share = hn::Set(d, step < 4 ? 1.0f : 0.6f);
            seen.u = hn::MulAdd(share, hn::Sub(next.u, seen.u), seen.u);
            seen.v = hn::MulAdd(share, hn::Sub(next.v, seen.v), seen.v);
            seen.w = sampler_.at(seen.u, seen.v);
            if (hn::AllTrue(d, hn::Lt(moved, hn::Set(d, kToleranceTexel)))) break;
        }
        seen.w = hn::Div(seen.w, hn::Mul(nearness(seen.w), one_by_z));
        return seen;
    }

  private:
    /// 1 - z w: how much of the way to the surface is left; a surface that the camera has passed stays just
    /// ahead.
    V nearness(V w) const {
        const Floats d;
        return hn::Max(hn::NegMulAdd(hn::Set(d, view_.position.z), w, hn::Set(d, 1.0f)), hn::Set(d, 0.05f));
    }

    Seen on_surface(V slope_x, V slope_y, V w) const {
        const Floats d;
        const V left = nearness(w);
        const V x = hn::MulAdd(hn::Set(d, view_.position.x), w, hn::Mul(left, slope_x));
        const V y = hn::MulAdd(hn::Set(d, view_.position.y), w, hn::Mul(left, slope_y));
        const V scale = hn::Set(d, texel_at_unit_);
        return {hn::MulAdd(x, scale, hn::Set(d, centre_u_)), hn::NegMulAdd(y, scale, hn::Set(d, centre_v_)),
                w};
    }

    Sampler sampler_;
    View view_;
    float inverse_focal_, centre_u_, centre_v_, texel_at_unit_;
    bool parallax_;
};

void WarpPoints(const WarpSource& source, const Framing& framing, const View& view, const float* x,
                const float* y, int count, float* u, float* v, float* w) {
    const Floats d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    const Warp warp(source, framing, view);
    int i = 0;
    for (; i + lanes <= count; i += lanes) {
        const Seen seen = warp.look(hn::LoadU(d, x + i), hn::LoadU(d, y + i));
        hn::StoreU(seen.u, d, u + i);
        hn::StoreU(seen.v, d, v + i);
        hn::StoreU(seen.w, d, w + i);
    }
    if (i == count) return;
    HWY_ALIGN float last[5][8];
    for (int lane = 0; lane < lanes; ++lane) {
        last[0][lane] = x[std::min(i + lane, count - 1)];
        last[1][lane] = y[std::min(i + lane, count - 1)];
    }
    const Seen seen = warp.look(hn::Load(d, last[0]), hn::Load(d, last[1]));
    hn::Store(seen.u, d, last[2]);
    hn::Store(seen.v, d, last[3]);
    hn::Store(seen.w, d, last[4]);
    std::copy_n(last[2], count - i, u + i);
    std::copy_n(last[3], count - i, v + i);
    std::copy_n(last[4], count - i, w + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::animatic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::animatic {

HWY_EXPORT(WarpPoints);

void warp_points(const WarpSource& source, const Framing& framing, const View& view, const float* x,
                 const float* y, int count, float* u, float* v, float* w) {
    HWY_DYNAMIC_DISPATCH(WarpPoints)(source, framing, view, x, y, count, u, v, w);
}

void warp_rows(const WarpSource& source, const Framing& framing, const View& view, int columns, int row_begin,
               int row_end, LayerGrid& grid) {
    std::vector<float> x(columns), y(columns);
    for (int column = 0; column < columns; ++column) x[column] = static_cast<float>(column * kTilePx);
    for (int row = row_begin; row < row_end; ++row) {
        std::fill(y.begin(), y.end(), static_cast<float>(row * kTilePx));
        const std::size_t first = static_cast<std::size_t>(row) * columns;
        warp_points(source, framing, view, x.data(), y.data(), columns, grid.u.data() + first,
                    grid.v.data() + first, grid.w.data() + first);
    }
}

}  // namespace stillreel::animatic
#endif
