#include "animatic/particle_drawing.h"

#include <algorithm>
#include <cmath>

namespace stillreel::animatic {

struct ParticleBatch::State {
    std::vector<Particle> particles;  // back to front
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

constexpr int kBinRows = 2 * kTilePx;

struct Bounds {
    float left, top, right, bottom;
};

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

/// Blends in fixed point: alpha has 16 bits after the point, colours are whole.
struct Ink {
    int r, g, b;
    float cover;

    explicit Ink(const Particle& p)
        : r(static_cast<int>(std::clamp(p.colour.r, 0.0f, 255.0f) + 0.5f)),
          g(static_cast<int>(std::clamp(p.colour.g, 0.0f, 255.0f) + 0.5f)),
          b(static_cast<int>(std::clamp(p.colour.b, 0.0f, 255.0f) + 0.5f)),
          cover(p.cover) {}

    void put(std::uint8_t* pixel, float alpha) const {
        const int a = static_cast<int>(alpha * 65536.0f);
        const int keep = 65536 - static_cast<int>(alpha * cover * 65536.0f);
        pixel[0] = static_cast<std::uint8_t>(std::min(255, (pixel[0] * keep + r * a + 32768) >> 16));
        pixel[1] = static_cast<std::uint8_t>(std::min(255, (pixel[1] * keep + g * a + 32768) >> 16));
        pixel[2] = static_cast<std::uint8_t>(std::min(255, (pixel[2] * keep + b * a + 32768) >> 16));
    }
};

struct Rows {
    int begin, end;
};

Rows rows_of(float top, float bottom, int row_begin, int row_end) {
    return {std::max(row_begin, static_cast<int>(std::floor(std::max(top, -1.0f)))),
            std::min(row_end, static_cast<int>(std::ceil(std::min(bottom, 1e6f))) + 1)};
}

/// Thickness along a streak: 0 at both ends.
float taper_at(float along) { return 4 * along * (1 - along); }

void draw_streak(const Particle& p, const Visibility& visibility, FrameBuffer& frame, int row_begin,
                 int row_end) {
    const float length = std::max(std::hypot(p.ax, p.ay), 0.5f);
    const float dx = p.ax / length, dy = p.ay / length;
    // A line thinner than a pixel covers part of it: widen it to one pixel and thin its colour instead.
    const float radius = std::max(p.radius, 0.6f);
    const float alpha = p.alpha * std::min(1.0f, p.radius / 0.6f);
    const float reach = radius + 0.5f, inverse_reach = 1 / reach, inverse_length = 1 / length;
    const bool steep = std::abs(dy) > 0.7f;
    const Ink ink(p);
    const Bounds box = bounds_of(p);
    const Rows rows = rows_of(box.top, box.bottom, row_begin, row_end);
    const int frame_right = frame.width_px - 1;
    for (int y = rows.begin; y < rows.end; ++y) {
        const float py = static_cast<float>(y) + 0.5f - p.y;
        float left = box.left - p.x, right = box.right - p.x;
        if (std::abs(dy) > 0.05f) {
            const float centre = py * dx / dy, half = reach / std::abs(dy);
            left = std::max(left, centre - half);
            right = std::min(right, centre + half);
        }
        const int first = std::max(0, static_cast<int>(std::floor(left + p.x)));
        const int last = std::min(frame_right, static_cast<int>(std::ceil(right + p.x)));
        if (first > last) continue;
        const float centre_x = std::clamp(0.5f * (left + right), std::min(0.0f, p.ax), std::max(0.0f, p.ax));
        const float shown = alpha * visibility(p.w, p.x + centre_x, static_cast<float>(y) + 0.5f);
        if (shown < 0.002f) continue;
        // Along a steep line the taper hardly changes within a row.
        const float row_taper = taper_at((centre_x * dx + py * dy) * inverse_length);
        if (steep && row_taper <= 0) continue;
        for (int x = first; x <= last; ++x) {
            const float px = static_cast<float>(x) + 0.5f - p.x;
            const float across = (px * dy - py * dx) * inverse_reach;
            const float body = 1 - across * across;
            const float taper = steep ? row_taper : taper_at((px * dx + py * dy) * inverse_length);
            if (body > 0 && taper > 0) ink.put(frame.at(x, y), shown * taper * body);
        }
    }
}

void draw_disc(const Particle& p, const Visibility& visibility, FrameBuffer& frame, int row_begin,
               int row_end) {
    const float shown = p.alpha * visibility(p.w, p.x, p.y);
    if (shown < 0.002f) return;
    const float inverse_square = 1 / (p.radius * p.radius);
    const Ink ink(p);
    const Bounds box = bounds_of(p);
    const Rows rows = rows_of(box.top, box.bottom, row_begin, row_end);
    for (int y = rows.begin; y < rows.end; ++y) {
        const float py = static_cast<float>(y) + 0.5f - p.y;
        const float rest = p.radius * p.radius - py * py;
        if (rest <= 0) continue;
        const float half = std::sqrt(rest);
        const int first = std::max(0, static_cast<int>(std::ceil(p.x - half - 0.5f)));
        const int last = std::min(frame.width_px - 1, static_cast<int>(std::floor(p.x + half - 0.5f)));
        for (int x = first; x <= last; ++x) {
            const float px = static_cast<float>(x) + 0.5f - p.x;
            const float inside = (1 - (px * px + py * py) * inverse_square) * p.hardness;
            const float body = std::min(inside, 1.0f);
            if (body > 0) ink.put(frame.at(x, y), shown * body * body);
        }
    }
}

void draw_leaf(const Particle& p, const Visibility& visibility, FrameBuffer& frame, int row_begin,
               int row_end) {
    const float shown = p.alpha * visibility(p.w, p.x, p.y);
    const float area = p.ax * p.by - p.ay * p.bx;
    if (shown < 0.002f || std::abs(area) < 1e-3f) return;
    const float length_a = std::hypot(p.ax, p.ay), length_b = std::hypot(p.bx, p.by);
    const float edge = 1.2f + std::min(length_a, length_b);  // px from the rim to the middle, for a soft rim
    const float inverse = 1 / area;
    const Bounds box = bounds_of(p);
    const Rows rows = rows_of(box.top, box.bottom, row_begin, row_end);
    const int first = std::max(0, static_cast<int>(std::floor(box.left)));
    const int last = std::min(frame.width_px - 1, static_cast<int>(std::ceil(box.right)));
    const Ink ink(p);
    Particle shade = p;
    shade.colour = p.colour * 0.72f;
    const Ink vein(shade);
    for (int y = rows.begin; y < rows.end; ++y) {
        const float py = static_cast<float>(y) + 0.5f - p.y;
        for (int x = first; x <= last; ++x) {
            const float px = static_cast<float>(x) + 0.5f - p.x;
            const float s = (px * p.by - py * p.bx) * inverse;  // -1 ... 1 along the leaf
            const float t = (py * p.ax - px * p.ay) * inverse;  // across
            const float body = std::min(1.0f, (1 - s * s - std::abs(t)) * edge * 0.5f + 0.25f);
            if (body <= 0) continue;
            // One half lies in the shade of the vein, as leaves do that are folded a little.
            (t > 0 ? ink : vein).put(frame.at(x, y), shown * body);
        }
    }
}

}  // namespace

ParticleBatch make_batch(std::vector<Particle> particles, image::Size frame) {
    std::erase_if(particles, [&](const Particle& p) {
        const Bounds box = bounds_of(p);
        return !(box.right > 0 && box.left < static_cast<float>(frame.width_px) && box.bottom > 0 &&
                 box.top < static_cast<float>(frame.height_px) && p.alpha > 0.002f);
    });
    std::stable_sort(particles.begin(), particles.end(),
                     [](const Particle& a, const Particle& b) { return a.w < b.w; });
    ParticleBatch batch;
    auto& bins = batch.state->bins;
    bins.resize((frame.height_px + kBinRows - 1) / kBinRows);
    const float last_row = static_cast<float>(frame.height_px - 1);
    for (std::uint32_t i = 0; i < particles.size(); ++i) {
        const Bounds box = bounds_of(particles[i]);
        const int first = static_cast<int>(std::clamp(box.top, 0.0f, last_row)) / kBinRows;
        const int last = static_cast<int>(std::clamp(box.bottom + 1, 0.0f, last_row)) / kBinRows;
        for (int bin = first; bin <= last; ++bin) bins[bin].push_back(i);
    }
    batch.state->particles = std::move(particles);
    return batch;
}

void draw_batch(const ParticleBatch& batch, const FrameGrid& grid, FrameBuffer& frame, int row_begin,
                int row_end) {
    if (!batch.state) return;
    const Visibility visibility(grid);
    const ParticleBatch::State& state = *batch.state;
    row_begin = std::max(row_begin, 0);
    row_end = std::min(row_end, frame.height_px);
    for (int top = row_begin; top < row_end;) {
        const int bin = top / kBinRows, bottom = std::min(row_end, (bin + 1) * kBinRows);
        for (const std::uint32_t i : state.bins[bin]) {
            const Particle& p = state.particles[i];
            switch (p.shape) {
                case Shape::streak:
                    draw_streak(p, visibility, frame, top, bottom);
                    break;
                case Shape::disc:
                    draw_disc(p, visibility, frame, top, bottom);
                    break;
                case Shape::leaf:
                    draw_leaf(p, visibility, frame, top, bottom);
                    break;
            }
        }
        top = bottom;
    }
}

}  // namespace stillreel::animatic
