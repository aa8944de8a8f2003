#include "animatic/fill_patches.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "animatic/fill.h"

namespace stillreel::animatic {

using image::Image;
using image::Plane;

namespace {

constexpr int kPatch = 2;             // patches are 5 x 5
constexpr int kLeastSources = 80;     // centres of patches that can be copied
constexpr float kGuessWeight = 0.4f;  // of colours that are filled in themselves, against known ones

/// One resolution of the problem.
struct Level {
    int width = 0, height = 0;
    std::vector<float> rgb;  // targets hold the present guess
    std::vector<std::uint8_t> target;
    std::vector<std::uint8_t> source;
    std::vector<std::uint8_t> centre;  // whole patch around it is source
    std::vector<float> weight;         // of a cell in comparisons
    std::vector<int> targets;          // indices, rows from top to bottom
    std::vector<int> to;               // per cell: the source cell it is copied from
    std::vector<float> cost;

    int at(int x, int y) const { return y * width + x; }
};

void find_centres(Level& level) {
    level.centre.assign(level.source.size(), 0);
    for (int y = kPatch; y + kPatch < level.height; ++y)
        for (int x = kPatch; x + kPatch < level.width; ++x) {
            bool whole = true;
            for (int dy = -kPatch; dy <= kPatch && whole; ++dy)
                for (int dx = -kPatch; dx <= kPatch; ++dx)
                    whole &= level.source[level.at(x + dx, y + dy)] != 0;
            level.centre[level.at(x, y)] = whole;
        }
}

void finish(Level& level) {
    const std::size_t count = level.target.size();
    find_centres(level);
    level.weight.assign(count, 0.0f);
    level.targets.clear();
    for (std::size_t i = 0; i < count; ++i) {
        level.weight[i] = level.target[i] ? kGuessWeight : level.source[i] ? 1.0f : 0.0f;
        if (level.target[i]) level.targets.push_back(static_cast<int>(i));
    }
    level.to.assign(count, -1);
    level.cost.assign(count, 1e9f);
}

Level halved(const Level& fine) {
    Level level;
    level.width = (fine.width + 1) / 2, level.height = (fine.height + 1) / 2;
    const auto count = static_cast<std::size_t>(level.width) * level.height;
    level.rgb.assign(3 * count, 0.0f);
    level.target.assign(count, 0);
    level.source.assign(count, 0);
    for (int y = 0; y < level.height; ++y)
        for (int x = 0; x < level.width; ++x) {
            int sources = 0, targets = 0;
            std::array<float, 3> sum{};
            for (int part = 0; part < 4; ++part) {
                const int from = fine.at(std::min(2 * x + part % 2, fine.width - 1),
                                         std::min(2 * y + part / 2, fine.height - 1));
                sources += fine.source[from], targets += fine.target[from];
                for (int c = 0; c < 3; ++c) sum[c] += fine.rgb[3 * from + c];
            }
            const int i = level.at(x, y);
            level.target[i] = targets > 0;
            level.source[i] = sources == 4;
            for (int c = 0; c < 3; ++c) level.rgb[3 * i + c] = sum[c] / 4;
        }
    finish(level);
    return level;
}

/// For each cell the nearest centre of a source patch, by a wave from all of them; -1 where there is none.
std::vector<int> nearest_centres(const Level& level) {
    std::vector<int> nearest(level.centre.size(), -1), wave;
    for (std::size_t i = 0; i < level.centre.size(); ++i)
        if (level.centre[i]) nearest[i] = static_cast<int>(i), wave.push_back(static_cast<int>(i));
    for (std::size_t next = 0; next < wave.size(); ++next) {
        const int i = wave[next], x = i % level.width, y = i / level.width;
        const auto reach = [&](int nx, int ny) {
            if (nx < 0 || ny < 0 || nx >= level.width || ny >= level.height) return;
            const int n = level.at(nx, ny);
            if (nearest[n] < 0) nearest[n] = nearest[i], wave.push_back(n);
        };
        reach(x - 1, y), reach(x + 1, y), reach(x, y - 1), reach(x, y + 1);
    }
    return nearest;
}

/// How ill the patch around `to` fits around `i`; stops early above `best`.
float mismatch(const Level& level, int i, int to, float best) {
    const int x = i % level.width, y = i / level.width, tx = to % level.width, ty = to / level.width;
    // Texture shrinks with distance, that is up the picture: sideways is the better place to copy from.
    const float prior =
        1.5f * static_cast<float>(std::abs(ty - y)) + 0.3f * static_cast<float>(std::abs(tx - x));
    float sum = 0, weights = 1e-3f;
    const int left = std::max(-kPatch, -x), right = std::min(kPatch, level.width - 1 - x);
    const int top = std::max(-kPatch, -y), bottom = std::min(kPatch, level.height - 1 - y);
    for (int dy = top; dy <= bottom; ++dy) {
        for (int dx = left; dx <= right; ++dx) {
            const int a = i + dy * level.width + dx, b = to + dy * level.width + dx;
            const float r = level.rgb[3 * a] - level.rgb[3 * b],
                        g = level.rgb[3 * a + 1] - level.rgb[3 * b + 1],
                        blue = level.rgb[3 * a + 2] - level.rgb[3 * b + 2];
            sum += level.weight[a] * (r * r + g * g + blue * blue);
            weights += level.weight[a];
        }
        if (sum / 25.0f + prior > best) return 1e9f;
    }
    return sum / weights + prior;
}

struct Dice {
    std::uint32_t state;
    int operator()(int low, int high) {  // both included
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        return low + static_cast<int>(state % static_cast<std::uint32_t>(high - low + 1));
    }
};

void try_source(Level& level, int i, int x, int y) {
    if (x < 0 || y < 0 || x >= level.width || y >= level.height) return;
    const int to = level.at(x, y);
    if (!level.centre[to] || to == level.to[i]) return;
    const float cost = mismatch(level, i, to, level.cost[i]);
    if (cost < level.cost[i]) level.cost[i] = cost, level.to[i] = to;
}

/// One PatchMatch sweep: good offsets spread to neighbours, and each looks around its own at random.
void sweep(Level& level, bool forward, Dice& dice) {
    const int count = static_cast<int>(level.targets.size()), back = forward ? -1 : 1;
    for (int n = 0; n < count; ++n) {
        const int i = level.targets[forward ? n : count - 1 - n], x = i % level.width, y = i / level.width;
        const auto follow = [&](int nx, int ny) {
            if (nx < 0 || ny < 0 || nx >= level.width || ny >= level.height) return;
            const int neighbour = level.at(nx, ny);
            if (!level.target[neighbour]) return;
            const int to = level.to[neighbour];
            try_source(level, i, to % level.width + x - nx, to / level.width + y - ny);
        };
        follow(x + back, y);
        follow(x, y + back);
        for (int radius = std::max(level.width, level.height) / 3; radius >= 1; radius /= 2) {
            const int to = level.to[i];
            const int sx = to % level.width + dice(-radius, radius),
                      sy = to / level.width + dice(-radius, radius);
            try_source(level, i, sx, sy);
        }
    }
}

void rate(Level& level) {
    for (int i : level.targets) level.cost[i] = mismatch(level, i, level.to[i], 1e9f);
}

/// Each target becomes the mean of what all patches over it say, the better fitting ones first.
void vote(Level& level) {
    std::vector<float> voted(3 * level.targets.size());
    for (std::size_t n = 0; n < level.targets.size(); ++n) {
        const int i = level.targets[n], x = i % level.width, y = i / level.width;
        float sum[3] = {0, 0, 0}, weights = 0;
        for (int dy = -kPatch; dy <= kPatch; ++dy)
            for (int dx = -kPatch; dx <= kPatch; ++dx) {
                const int nx = x + dx, ny = y + dy;
                if (nx < 0 || ny < 0 || nx >= level.width || ny >= level.height) continue;
                const int q = level.at(nx, ny);
                if (!level.target[q]) continue;
                const int from = level.to[q] - dy * level.width - dx;
                const float weight = 1.0f / (20.0f + level.cost[q]);
                for (int c = 0; c < 3; ++c) sum[c] += weight * level.rgb[3 * from + c];
                weights += weight;
            }
        for (int c = 0; c < 3; ++c) voted[3 * n + c] = sum[c] / weights;
    }
    for (std::size_t n = 0; n < level.targets.size(); ++n)
        for (int c = 0; c < 3; ++c) level.rgb[3 * level.targets[n] + c] = voted[3 * n + c];
}

void refine(Level& level, int rounds, int sweeps, Dice& dice) {
    for (int round = 0; round < rounds; ++round) {
        rate(level);
        for (int i = 0; i < sweeps; ++i) sweep(level, i % 2 == 0, dice);
        vote(level);
    }
}

bool has_sources(const Level& level) {
    return std::count(level.centre.begin(), level.centre.end(), 1) >= kLeastSources;
}

/// Offsets of the coarser level, doubled, where they lead to a source; else the nearest source.
void inherit(Level& fine, const Level& coarse) {
    const std::vector<int> nearest = nearest_centres(fine);
    for (int i : fine.targets) {
        const int x = i % fine.width, y = i / fine.width, parent = coarse.at(x / 2, y / 2),
                  to = coarse.to[parent];
        const int sx = x + 2 * (to % coarse.width - x / 2), sy = y + 2 * (to / coarse.width - y / 2);
        const bool inside = to >= 0 && sx >= 0 && sy >= 0 && sx < fine.width && sy < fine.height;
        fine.to[i] = inside && fine.centre[fine.at(sx, sy)] ? fine.at(sx, sy) : nearest[i];
    }
    rate(fine);
    vote(fine);
}

Level finest_level(const Image& colours, const Gap& gap, const std::array<Plane, 3>& smooth) {
    Level level;
    level.width = colours.width_px, level.height = colours.height_px;
    level.target = gap.target;
    level.source = gap.source;
    level.rgb.resize(3 * gap.target.size());
    for (std::size_t i = 0; i < gap.target.size(); ++i)
        for (int c = 0; c < 3; ++c)
            level.rgb[3 * i + c] =
                gap.source[i] ? static_cast<float>(colours.pixels[3 * i + c]) : smooth[c].values[i];
    finish(level);
    return level;
}

/// Steps from the nearest source, capped.
std::vector<int> distance_from_sources(const Gap& gap, int width, int most) {
    std::vector<int> distance(gap.target.size(), most), wave;
    for (std::size_t i = 0; i < gap.source.size(); ++i)
        if (gap.source[i]) distance[i] = 0, wave.push_back(static_cast<int>(i));
    const int count = static_cast<int>(gap.target.size());
    for (std::size_t next = 0; next < wave.size(); ++next) {
        const int i = wave[next], x = i % width;
        const auto reach = [&](int n) {
            if (distance[n] > distance[i] + 1) distance[n] = distance[i] + 1, wave.push_back(n);
        };
        if (x > 0) reach(i - 1);
        if (x + 1 < width) reach(i + 1);
        if (i >= width) reach(i - width);
        if (i + width < count) reach(i + width);
    }
    return distance;
}

/// Differences between the picture and the copied texture along the rim, continued inwards and fading out.
void correct_seams(const Level& level, const Image& colours, const std::vector<int>& distance,
                   PatchFill& fill) {
    Plane known(level.width, level.height);
    for (Plane& plane : fill.correction) plane = Plane(level.width, level.height);
    for (int i : level.targets) {
        if (fill.share.values[i] <= 0) continue;
        const int x = i % level.width, y = i / level.width;
        for (int part = 0; part < 4; ++part) {
            const int nx = x + std::array{-1, 1, 0, 0}[part], ny = y + std::array{0, 0, -1, 1}[part];
            if (nx < 0 || ny < 0 || nx >= level.width || ny >= level.height) continue;
            const int n = level.at(nx, ny), from = level.to[i] + n - i;
            if (!level.source[n]) continue;
            for (int c = 0; c < 3; ++c) {
                const float step = static_cast<float>(colours.pixels[3 * n + c]) - level.rgb[3 * from + c];
                fill.correction[c].values[i] = std::clamp(step, -48.0f, 48.0f);
            }
            known.values[i] = 1;
        }
    }
    constexpr float kFadeCells = 10;
    for (Plane& plane : fill.correction) {
        plane = pull_push(plane, known);
        for (std::size_t i = 0; i < plane.values.size(); ++i)
            plane.values[i] *= std::exp(-static_cast<float>(distance[i]) / kFadeCells);
    }
}

}  // namespace

PatchFill complete_by_patches(const Image& colours, const Gap& gap, const std::array<Plane, 3>& smooth,
                              int reach_px) {
    PatchFill fill;
    const std::vector<int> distance = distance_from_sources(gap, colours.width_px, 2 * reach_px);
    Gap near = gap;
    for (std::size_t i = 0; i < near.target.size(); ++i)
        near.target[i] = gap.target[i] && distance[i] <= reach_px;
    std::vector<Level> levels{finest_level(colours, near, smooth)};
    if (levels[0].targets.empty() || !has_sources(levels[0])) return fill;
    while (levels.size() < 3) {
        Level coarser = halved(levels.back());
        if (!has_sources(coarser)) break;
        levels.push_back(std::move(coarser));
    }
    Dice dice{0x9e3779b9u};
    Level& coarsest = levels.back();
    const std::vector<int> nearest = nearest_centres(coarsest);
    for (int i : coarsest.targets) coarsest.to[i] = nearest[i];
    refine(coarsest, 5, 4, dice);
    for (std::size_t k = levels.size() - 1; k-- > 0;) {
        inherit(levels[k], levels[k + 1]);
        refine(levels[k], k == 0 ? 1 : 2, 2, dice);
    }

    const Level& finest = levels[0];
    fill.size = colours.size();
    fill.dx.assign(finest.target.size(), 0);
    fill.dy = fill.dx;
    fill.share = Plane(finest.width, finest.height);
    for (int i : finest.targets) {
        fill.dx[i] = static_cast<std::int16_t>(finest.to[i] % finest.width - i % finest.width);
        fill.dy[i] = static_cast<std::int16_t>(finest.to[i] / finest.width - i / finest.width);
        fill.share.values[i] = std::clamp(
            3.0f * (1 - static_cast<float>(distance[i]) / static_cast<float>(reach_px + 1)), 0.0f, 1.0f);
    }
    correct_seams(finest, colours, distance, fill);
    return fill;
}

}  // namespace stillreel::animatic
