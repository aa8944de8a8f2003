#include "animatic/particle_drawing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace stillreel::animatic {

namespace {

/// Colour in fixed point: alpha has 16 bits after the point, colours are whole.
struct Ink {
    int r, g, b;
    float cover;

    Ink(Rgb colour, float covers)
        : r(static_cast<int>(std::clamp(colour.r, 0.0f, 255.0f) + 0.5f)),
          g(static_cast<int>(std::clamp(colour.g, 0.0f, 255.0f) + 0.5f)),
          b(static_cast<int>(std::clamp(colour.b, 0.0f, 255.0f) + 0.5f)),
          cover(covers) {}

    void put(std::uint8_t* pixel, float alpha) const {
        const int a = static_cast<int>(alpha * 65536.0f);
        if (cover >= 1) {
            pixel[0] = static_cast<std::uint8_t>(pixel[0] + (((r - pixel[0]) * a + 32768) >> 16));
            pixel[1] = static_cast<std::uint8_t>(pixel[1] + (((g - pixel[1]) * a + 32768) >> 16));
            pixel[2] = static_cast<std::uint8_t>(pixel[2] + (((b - pixel[2]) * a + 32768) >> 16));
            return;
        }
        const int keep = 65536 - static_cast<int>(alpha * cover * 65536.0f);
        pixel[0] = static_cast<std::uint8_t>(std::min(255, (pixel[0] * keep + r * a + 32768) >> 16));
        pixel[1] = static_cast<std::uint8_t>(std::min(255, (pixel[1] * keep + g * a + 32768) >> 16));
        pixel[2] = static_cast<std::uint8_t>(std::min(255, (pixel[2] * keep + b * a + 32768) >> 16));
    }
};

struct Bounds {
    float left, top, right, bottom;
};

/// A particle with what each band of rows that it touches would otherwise work out again.
struct Drawn {
    Particle particle;
    Ink ink;
    Bounds box;
    float length;      // of a streak
    bool open = true;  // nothing in front of any part of it
};

}  // namespace

struct ParticleBatch::State {
    std::vector<Drawn> drawn;  // back to front
    std::vector<std::vector<std::uint32_t>>
        bins;  // per kBinRows rows of the frame: who touches them, in order
};

ParticleBatch::ParticleBatch() : state(std::make_unique<State>()) {}
ParticleBatch::ParticleBatch(ParticleBatch&&) noexcept = default;
ParticleBatch& ParticleBatch::operator=(ParticleBatch&&) noexcept = default;
ParticleBatch::~ParticleBatch() = default;

namespace {

// A particle is seen where its w reaches front_w, and fades out over this fraction below it: the grid is
// coarse, a hard test would show its squares.
constexpr float kHidden = 0.9f;

constexpr int kBinRows = kTilePx;

Bounds bounds_of(const Particle& p) {
    switch (p.shape) {
        case Shape::streak: {
            const float r = p.radius + 1;
            return {std::min(p.x, p.x + p.ax) - r, std::min(p.y, p.y + p.ay) - r,
                    std::max(p.x, p.x + p.ax) + r, std::max(p.y, p.y + p.ay) + r};
        }
        case Shape::disc:
            return {p.x - p.radius, p.y - p.radius, p.x + p.radius, p.y + p.radius};
        case Shape::leaf: {
            const float rx = std::abs(p.ax) + std::abs(p.bx) + 1, ry = std::abs(p.ay) + std::abs(p.by) + 1;
            return {p.x - rx, p.y - ry, p.x + rx, p.y + ry};
        }
    }
    return {};
}

/// How much of something at inverse depth w shows at frame point (x, y).
class Visibility {
  public:
    explicit Visibility(const FrameGrid& grid) : grid_(grid), known_(!grid.front_w.empty()) {}

    float operator()(float w, float x, float y) const {
        if (!known_) return 1;
        const float gx = std::clamp(x / kTilePx, 0.0f, static_cast<float>(grid_.columns - 1) - 0.001f);
        const float gy = std::clamp(y / kTilePx, 0.0f, static_cast<float>(grid_.rows - 1) - 0.001f);
        const int ix = static_cast<int>(gx), iy = static_cast<int>(gy);
        const float tx = gx - static_cast<float>(ix), ty = gy - static_cast<float>(iy);
        const float* a = &grid_.front_w[static_cast<std::size_t>(iy) * grid_.columns + ix];
        const float* b = a + (iy + 1 < grid_.rows ? grid_.columns : 0);
        const int next = ix + 1 < grid_.columns ? 1 : 0;
        const float front = (a[0] + (a[next] - a[0]) * tx) * (1 - ty) + (b[0] + (b[next] - b[0]) * tx) * ty;
        return std::clamp((w - kHidden * front) / ((1 - kHidden) * front + 1e-9f), 0.0f, 1.0f);
    }

  private:
    const FrameGrid& grid_;
    bool known_;
};

/// Pixels whose centres lie within [from, to], of those from 0 to end - 1. Truncation instead of floor: the
/// latter is a function call where the CPU has no instruction for it.
struct Pixels {
    int first, last;
};
Pixels pixels_in(float from, float to, int end) {
    return {static_cast<int>(std::clamp(from + 0.5f, 0.0f, static_cast<float>(end))),
            static_cast<int>(std::clamp(to + 0.5f, 0.0f, static_cast<float>(end))) - 1};
}

/// Thickness along a streak: 0 at both ends.
float taper_at(float along) { return 4 * along * (1 - along); }

void draw_streak(const Drawn& drawn, const Visibility& visibility, FrameBuffer& frame, int row_begin,
                 int row_end) {
    const Particle& p = drawn.particle;
    const float inverse_length = 1 / drawn.length;
    const float dx = p.ax * inverse_length, dy = p.ay * inverse_length;
    // A line thinner than a pixel covers part of it: widen it to one pixel and thin its colour instead.
    const float radius = std::max(p.radius, 0.6f);
    const float alpha = p.alpha * std::min(1.0f, p.radius / 0.6f);
    const float reach = radius + 0.5f, inverse_reach = 1 / reach;
    const bool steep = std::abs(dy) > 0.7f;
    const float slope = steep ? dx / dy : 0, half = steep ? reach / std::abs(dy) : 0;
    const Pixels rows = pixels_in(drawn.box.top, drawn.box.bottom, frame.height_px);
    const int end = std::min(row_end - 1, rows.last);
    for (int y = std::max(row_begin, rows.first); y <= end; ++y) {
        const float py = static_cast<float>(y) + 0.5f - p.y;
        const float middle = py * slope;
        // Along a steep line the taper hardly changes within a row.
        const float row_taper = steep ? taper_at((middle * dx + py * dy) * inverse_length) : 1;
        if (row_taper <= 0) continue;
        const Pixels columns = steep ? pixels_in(p.x + middle - half, p.x + middle + half, frame.width_px)
                                     : pixels_in(drawn.box.left, drawn.box.right, frame.width_px);
        float shown = alpha;
        if (!drawn.open) {
            const float x = std::clamp(middle, std::min(0.0f, p.ax), std::max(0.0f, p.ax));
            shown *= visibility(p.w, p.x + x, p.y + py);
        }
        if (shown * row_taper < 0.008f) continue;  // less than a level or two
        std::uint8_t* pixel = frame.at(columns.first, y);
        for (int x = columns.first; x <= columns.last; ++x, pixel += 4) {
            const float px = static_cast<float>(x) + 0.5f - p.x;
            const float across = (px * dy - py * dx) * inverse_reach;
            const float body = 1 - across * across;
            const float taper = steep ? row_taper : taper_at((px * dx + py * dy) * inverse_length);
            if (body > 0 && taper > 0) drawn.ink.put(pixel, shown * taper * body);
        }
    }
}

void draw_disc(const Drawn& drawn, FrameBuffer& frame, int row_begin, int row_end) {
    const Particle& p = drawn.particle;
    const float inverse_square = 1 / (p.radius * p.radius);
    const Pixels rows = pixels_in(drawn.box.top, drawn.box.bottom, frame.height_px);
    const int end = std::min(row_end - 1, rows.last);
    for (int y = std::max(row_begin, rows.first); y <= end; ++y) {
        const float py = static_cast<float>(y) + 0.5f - p.y;
        const float rest = p.radius * p.radius - py * py;
        if (rest <= 0) continue;
        const float half = std::sqrt(rest);
        const Pixels columns = pixels_in(p.x - half, p.x + half, frame.width_px);
        std::uint8_t* pixel = frame.at(columns.first, y);
        for (int x = columns.first; x <= columns.last; ++x, pixel += 4) {
            const float px = static_cast<float>(x) + 0.5f - p.x;
            const float inside = (1 - (px * px + py * py) * inverse_square) * p.hardness;
            const float body = std::min(inside, 1.0f);
            if (body > 0) drawn.ink.put(pixel, p.alpha * body * body);
        }
    }
}

void draw_leaf(const Drawn& drawn, FrameBuffer& frame, int row_begin, int row_end) {
    const Particle& p = drawn.particle;
    const float area = p.ax * p.by - p.ay * p.bx;
    if (std::abs(area) < 1e-3f) return;
    const float narrow = std::min(std::hypot(p.ax, p.ay), std::hypot(p.bx, p.by));
    const float edge = 0.5f * (1.2f + narrow);  // from the rim to the middle, for a soft rim
    const float inverse = 1 / area;
    const Pixels rows = pixels_in(drawn.box.top, drawn.box.bottom, frame.height_px);
    const Pixels columns = pixels_in(drawn.box.left, drawn.box.right, frame.width_px);
    const Ink shaded(p.colour * 0.72f, p.cover);
    const int end = std::min(row_end - 1, rows.last);
    for (int y = std::max(row_begin, rows.first); y <= end; ++y) {
        const float py = static_cast<float>(y) + 0.5f - p.y;
        for (int x = columns.first; x <= columns.last; ++x) {
            const float px = static_cast<float>(x) + 0.5f - p.x;
            const float s = (px * p.by - py * p.bx) * inverse;  // -1 ... 1 along the leaf
            const float t = (py * p.ax - px * p.ay) * inverse;  // across
            const float body = std::min(1.0f, (1 - s * s - std::abs(t)) * edge + 0.25f);
            if (body <= 0) continue;
            // One half lies in the shade of the vein, as leaves do that are folded a little.
            (t > 0 ? drawn.ink : shaded).put(frame.at(x, y), p.alpha * body);
        }
    }
}

/// Finds out what of the particle can be seen. False: nothing.
bool reveal(Drawn& drawn, const Visibility& visibility) {
    Particle& p = drawn.particle;
    if (p.shape != Shape::streak) {
        p.alpha *= visibility(p.w, p.x, p.y);
        return p.alpha > 0.002f;
    }
    const int steps = 1 + static_cast<int>(drawn.length / (1.5f * kTilePx));
    float least = 1, most = 0;
    for (int k = 0; k <= steps; ++k) {
        const float at = static_cast<float>(k) / static_cast<float>(steps);
        const float seen = visibility(p.w, p.x + at * p.ax, p.y + at * p.ay);
        least = std::min(least, seen);
        most = std::max(most, seen);
    }
    drawn.open = least >= 1;
    return most > 0;
}

}  // namespace

ParticleBatch make_batch(const std::vector<Particle>& particles, const FrameGrid& grid, image::Size frame) {
    std::vector<std::uint32_t> order(particles.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return particles[a].w < particles[b].w; });
    ParticleBatch batch;
    auto& [drawn, bins] = *batch.state;
    drawn.reserve(particles.size());
    bins.resize((frame.height_px + kBinRows - 1) / kBinRows);
    const Visibility visibility(grid);
    const float last_row = static_cast<float>(frame.height_px - 1);
    for (const std::uint32_t index : order) {
        const Particle& p = particles[index];
        const Bounds box = bounds_of(p);
        if (!(box.right > 0 && box.left < static_cast<float>(frame.width_px) && box.bottom > 0 &&
              box.top < static_cast<float>(frame.height_px) && p.alpha > 0.002f)) {
            continue;
        }
        Drawn one{p, Ink(p.colour, p.cover), box, std::max(std::hypot(p.ax, p.ay), 0.5f)};
        if (!reveal(one, visibility)) continue;
        const auto number = static_cast<std::uint32_t>(drawn.size());
        drawn.push_back(one);
        const int first = static_cast<int>(std::clamp(box.top, 0.0f, last_row)) / kBinRows;
        const int last = static_cast<int>(std::clamp(box.bottom, 0.0f, last_row)) / kBinRows;
        for (int bin = first; bin <= last; ++bin) bins[bin].push_back(number);
    }
    return batch;
}

void draw_batch(const ParticleBatch& batch, const FrameGrid& grid, FrameBuffer& frame, int row_begin,
                int row_end) {
    if (!batch.state) return;
    const Visibility visibility(grid);
    const auto& [drawn, bins] = *batch.state;
    row_end = std::min({row_end, frame.height_px, static_cast<int>(bins.size()) * kBinRows});
    for (int top = std::max(row_begin, 0); top < row_end;) {
        const int bin = top / kBinRows, bottom = std::min(row_end, (bin + 1) * kBinRows);
        for (const std::uint32_t number : bins[bin]) {
            const Drawn& one = drawn[number];
            switch (one.particle.shape) {
                case Shape::streak:
                    draw_streak(one, visibility, frame, top, bottom);
                    break;
                case Shape::disc:
                    draw_disc(one, frame, top, bottom);
                    break;
                case Shape::leaf:
                    draw_leaf(one, frame, top, bottom);
                    break;
            }
        }
        top = bottom;
    }
}

}  // namespace stillreel::animatic
