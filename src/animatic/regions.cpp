#include "animatic/regions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace stillreel::animatic {

using image::Plane;

namespace {

/// Softens a mask along the picture's edges.
Plane soften(const Plane& mask, const GuidedFilter& edges) {
    Plane soft = edges(mask);
    for (float& value : soft.values) value = ramp(value, 0.25f, 0.75f);
    return soft;
}

float sky_blue(const Features& f, std::size_t i) {
    const float l = f.lightness.values[i], b = f.b.values[i];
    return ramp(b, -3, -12) * ramp(l, 6, 16) * ramp(f.a.values[i], 30, 20);
}

float sky_white(const Features& f, std::size_t i) {
    return ramp(f.lightness.values[i], 60, 78) * ramp(f.chroma.values[i], 18, 9) * ramp(f.b.values[i], 12, 5);
}

/// Everything that can be reached from the top edge without crossing an edge of the picture.
Plane grow_from_top(const Features& f) {
    const int width = f.width(), height = f.height();
    Plane grown(width, height);
    std::vector<int> open;
    const auto passable = [&](int i) {
        const float plausible = std::max(sky_blue(f, i), sky_white(f, i));
        return f.edge.values[i] < 3.0f + 7.0f * plausible && f.texture.values[i] < 3.0f + 6.0f * plausible &&
               f.greenness.values[i] < 0.08f;
    };
    const auto visit = [&](int x, int y, int from) {
        const int i = y * width + x;
        if (grown.values[i] > 0 || !passable(i)) return;
        if (from >= 0) {
            const float step = std::abs(f.lightness.values[i] - f.lightness.values[from]) +
                               std::abs(f.a.values[i] - f.a.values[from]) +
                               std::abs(f.b.values[i] - f.b.values[from]);
            if (step > 14) return;
        }
        grown.values[i] = 1;
        open.push_back(i);
    };
    for (int x = 0; x < width; ++x) visit(x, 0, -1);
    while (!open.empty()) {
        const int i = open.back(), x = i % width, y = i / width;
        open.pop_back();
        if (x > 0) visit(x - 1, y, i);
        if (x + 1 < width) visit(x + 1, y, i);
        if (y > 0) visit(x, y - 1, i);
        if (y + 1 < height) visit(x, y + 1, i);
    }
    return grown;
}

struct RegionFacts {
    double area = 0, top = 0, blue = 0, white = 0, texture = 0;
    double l = 0, b = 0, chroma = 0;
    double l_elsewhere = 0;
    double brightens_downwards = 0;  // L* from the upper to the lower half of the region
    double bottom_touch = 0;         // share of the picture's bottom edge
};

RegionFacts facts_of(const Plane& region, const Features& f) {
    RegionFacts facts;
    const int width = f.width(), height = f.height();
    double inside = 0, outside = 0, mean_y = 0;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const int i = y * width + x;
            if (region.values[i] < 0.5f) {
                outside += 1;
                facts.l_elsewhere += f.lightness.values[i];
                continue;
            }
            inside += 1;
            mean_y += y;
            facts.blue += sky_blue(f, i);
            facts.white += sky_white(f, i);
            facts.texture += f.texture.values[i];
            facts.l += f.lightness.values[i];
            facts.b += f.b.values[i];
            facts.chroma += f.chroma.values[i];
        }
    for (int x = 0; x < width; ++x) {
        facts.top += static_cast<double>(region.at(x, 0)) / width;
        facts.bottom_touch += static_cast<double>(region.at(x, height - 1)) / width;
    }
    facts.area = inside / (width * height);
    if (inside < 1) return facts;
    for (double* sum : {&facts.blue, &facts.white, &facts.texture, &facts.l, &facts.b, &facts.chroma})
        *sum /= inside;
    facts.l_elsewhere /= std::max(1.0, outside);
    mean_y /= inside;
    double upper = 0, lower = 0, upper_count = 0, lower_count = 0;
    for (int i = 0; i < width * height; ++i) {
        if (region.values[i] < 0.5f) continue;
        const bool is_lower = i / width > mean_y;
        (is_lower ? lower : upper) += f.lightness.values[i];
        (is_lower ? lower_count : upper_count) += 1;
    }
    facts.brightens_downwards = lower / std::max(1.0, lower_count) - upper / std::max(1.0, upper_count);
    return facts;
}

bool is_sky(const RegionFacts& r) {
    if (r.area < 0.03 || r.top < 0.12 || r.bottom_touch > 0.5) return false;
    const bool blue = r.blue > 0.45 && r.texture < 7;
    const bool overcast = r.blue + r.white > 0.75 && r.top > 0.7 && r.texture < 1.7 && r.l > 70 &&
                          r.b < 1.5 && r.l > r.l_elsewhere + 12;
    const bool dusk = r.top > 0.75 && r.area > 0.12 && r.texture < 4 && r.chroma > 8 &&
                      r.brightens_downwards > 3 && r.l > r.l_elsewhere + 10 && r.bottom_touch < 0.05;
    const bool night =
        r.top > 0.75 && r.area > 0.15 && r.texture < 2.5 && r.l < 30 && r.b < -2.5 && r.bottom_touch < 0.2;
    return blue || overcast || dusk || night;
}

/// Colour of the sky at a row: a straight line through the grown region's colours, which are seldom uniform.
struct SkyColour {
    std::array<double, 3> at_top{}, per_row{};
    double spread = 0;

    double distance(const Features& f, int x, int y) const {
        const int i = y * f.width() + x;
        const double dl = f.lightness.values[i] - at_top[0] - per_row[0] * y;
        const double da = f.a.values[i] - at_top[1] - per_row[1] * y;
        const double db = f.b.values[i] - at_top[2] - per_row[2] * y;
        return std::sqrt(0.5 * dl * dl + da * da + db * db);
    }
};

SkyColour sky_colour(const Plane& region, const Features& f) {
    SkyColour colour;
    const std::array<const Plane*, 3> channels{&f.lightness, &f.a, &f.b};
    double n = 0, sy = 0, syy = 0;
    for (int y = 0; y < f.height(); ++y)
        for (int x = 0; x < f.width(); ++x)
            if (region.at(x, y) > 0.5f) n += 1, sy += y, syy += static_cast<double>(y) * y;
    for (int c = 0; c < 3; ++c) {
        double sv = 0, svy = 0;
        for (int y = 0; y < f.height(); ++y)
            for (int x = 0; x < f.width(); ++x)
                if (region.at(x, y) > 0.5f)
                    sv += channels[c]->at(x, y), svy += static_cast<double>(channels[c]->at(x, y)) * y;
        const double denominator = n * syy - sy * sy;
        colour.per_row[c] = denominator > 1e-6 ? (n * svy - sv * sy) / denominator : 0;
        colour.at_top[c] = (sv - colour.per_row[c] * sy) / n;
    }
    double sum = 0;
    for (int y = 0; y < f.height(); ++y)
        for (int x = 0; x < f.width(); ++x)
            if (region.at(x, y) > 0.5f) sum += colour.distance(f, x, y);
    colour.spread = sum / n;
    return colour;
}

/// Mean of a channel over the region's upper part around each column: what the sky looks like above it.
std::vector<float> sky_above(const Plane& region, const Plane& channel) {
    const int width = region.width_px, rows = std::max(2, region.height_px / 6), reach = width / 12;
    std::vector<double> sum(width + 1, 0.0), count(width + 1, 0.0);
    for (int x = 0; x < width; ++x) {
        sum[x + 1] = sum[x], count[x + 1] = count[x];
        for (int y = 0; y < rows; ++y)
            if (region.at(x, y) > 0.5f) sum[x + 1] += channel.at(x, y), count[x + 1] += 1;
    }
    std::vector<float> above(width);
    for (int x = 0; x < width; ++x) {
        int from = std::max(0, x - reach), to = std::min(width, x + reach + 1);
        if (count[to] - count[from] < rows) from = 0, to = width;
        above[x] = static_cast<float>((sum[to] - sum[from]) / std::max(1.0, count[to] - count[from]));
    }
    return above;
}

/// Far mountains can be as pale and blue as the sky, and the region then grows over them. They are darker
/// than the sky above and no bluer (a gap between clouds is darker, but bluer). Takes what is below such a
/// ridge out of the region; returns the ridge's row in each column, the height where there is none.
std::vector<int> cut_at_ridge(Plane& region, const Features& f) {
    const int width = f.width(), height = f.height();
    const std::vector<float> l = sky_above(region, f.lightness), b = sky_above(region, f.b);
    Plane land(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const float drop = l[x] - f.lightness.at(x, y), blue = f.b.at(x, y);
            const bool hazy = (drop > 7 && blue > b[x] - 4) || (drop > 18 && blue > -18);
            // Clouds that are less blue than the sky are brighter as well; sunlit rock is not.
            const float paler = blue - b[x];
            const bool rock = paler > 6 && drop > 3.5f - 0.5f * paler;
            land.at(x, y) = region.at(x, y) > 0.5f && (hazy || rock) ? 1.0f : 0.0f;
        }
    land = box_mean(land, std::max(1, height / 60));
    std::vector<int> ridge(width, height);
    for (int x = 0; x < width; ++x)
        for (int y = 0; y < height; ++y) {
            if (land.at(x, y) > 0.6f) ridge[x] = std::min(ridge[x], y);
            if (y >= ridge[x]) region.at(x, y) = 0;
        }
    return ridge;
}

/// The last row of the region in each column, -1 where it has none.
std::vector<int> lower_edge(const Plane& region) {
    std::vector<int> edge(region.width_px, -1);
    for (int y = 0; y < region.height_px; ++y)
        for (int x = 0; x < region.width_px; ++x)
            if (region.at(x, y) > 0.5f) edge[x] = y;
    return edge;
}

/// How far down pieces of sky may lie that the region has not reached: to the ridge, and where a column has
/// none, to the ridge nearest to it or the region's own lower edge.
std::vector<int> lowest_sky(const std::vector<int>& ridge, const Plane& region) {
    const int width = region.width_px, height = region.height_px;
    const std::vector<int> own = lower_edge(region);
    std::vector<int> lowest = ridge;
    for (int x = 0; x < width; ++x)
        for (int reach = 1; reach < width && ridge[x] == height && lowest[x] == height; ++reach) {
            const int left = x >= reach ? ridge[x - reach] : height;
            const int right = x + reach < width ? ridge[x + reach] : height;
            if (std::min(left, right) < height) lowest[x] = std::max(own[x] + 1, std::min(left, right));
        }
    return lowest;
}

int quantile(std::vector<int> values, double fraction) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1))];
}

}  // namespace

Plane find_sky(const Features& f, const GuidedFilter& edges) {
    Plane region = grow_from_top(f);
    const Plane none(f.width(), f.height());
    if (mean_of(region) < 0.01 || !is_sky(facts_of(region, f))) return none;

    const std::vector<int> ridge = cut_at_ridge(region, f), end = lowest_sky(ridge, region);

    // Sky seen between branches and beyond masts is not connected: what has its colour above its lower edge
    // is sky too.
    const SkyColour colour = sky_colour(region, f);
    const int lowest = quantile(lower_edge(region), 0.9);
    const double near_enough = std::clamp(2.0 * colour.spread, 6.0, 14.0);
    for (int y = 0; y <= lowest; ++y)
        for (int x = 0; x < f.width(); ++x) {
            const int i = y * f.width() + x;
            if (region.values[i] < 0.5f && y < end[x] && f.greenness.values[i] < 0.06f &&
                colour.distance(f, x, y) < near_enough)
                region.values[i] = 1;
        }
    remove_small_parts(region, 12);
    return soften(region, edges);
}

Horizon find_horizon(const Features& f, const Plane& sky) {
    Horizon horizon;
    if (mean_of(sky) > 0.02) {
        std::vector<int> rows;
        for (int row : lower_edge(sky))
            if (row >= 0) rows.push_back(row);
        // Mountains and trees stand above the horizon, so it lies near the lowest visible sky, or still
        // lower.
        horizon.row = std::clamp((quantile(rows, 0.8) + 1.0) / f.height(), 0.08, 0.85);
        horizon.straight = quantile(rows, 0.75) - quantile(rows, 0.25) < 0.04 * f.height();
        if (!horizon.straight) horizon.row = std::max(horizon.row, 0.5 * (horizon.row + 0.52));
        horizon.seen = static_cast<int>(rows.size()) > f.width() / 4;
        return horizon;
    }
    std::vector<double> strength(f.height(), 0.0);
    for (int y = f.height() / 5; y < f.height() * 3 / 4; ++y) {
        int crossing = 0;
        for (int x = 0; x < f.width(); ++x)
            crossing += f.edge_y.at(x, y) > 3 && f.edge_y.at(x, y) > 2 * f.edge_x.at(x, y);
        strength[y] = static_cast<double>(crossing) / f.width();
    }
    const auto best = std::max_element(strength.begin(), strength.end());
    if (*best > 0.7) {
        horizon.row = (static_cast<double>(best - strength.begin()) + 0.5) / f.height();
        horizon.seen = horizon.straight = true;
    }
    return horizon;
}

Plane find_foliage(const Features& f, const GuidedFilter& edges) {
    Plane green(f.width(), f.height());
    for (std::size_t i = 0; i < green.values.size(); ++i) {
        const float textured = 0.3f + 0.7f * ramp(f.texture.values[i], 0.8f, 2.5f);
        green.values[i] = ramp(f.greenness.values[i], 0.04f, 0.12f) * ramp(f.b.values[i], 0, 8) *
                          ramp(f.lightness.values[i], 2, 8) * textured;
    }
    green = box_mean(green, 2);
    Plane mask = green;
    for (float& value : mask.values) value = value > 0.35f ? 1.0f : 0.0f;
    remove_small_parts(mask, f.width() * f.height() / 70);
    for (std::size_t i = 0; i < mask.values.size(); ++i) mask.values[i] *= ramp(green.values[i], 0.1f, 0.5f);
    return soften(mask, edges);
}

namespace {

/// Blue mountains look like water. Where the skyline is no straight shore, what reaches up to the horizon's
/// row from below, in any column, is the foot of a mountain, down to the next thing.
void drop_hazy_slopes(Plane& mask, int horizon_row) {
    const int first = std::clamp(horizon_row + 1, 0, mask.height_px - 1);
    std::vector<int> open;
    const auto visit = [&](int x, int y) {
        if (x < 0 || y < 0 || x >= mask.width_px || y >= mask.height_px || mask.at(x, y) < 0.5f) return;
        mask.at(x, y) = 0;
        open.push_back(y * mask.width_px + x);
    };
    for (int x = 0; x < mask.width_px; ++x)
        for (int y = 0; y <= first; ++y) visit(x, y);
    while (!open.empty()) {
        const int x = open.back() % mask.width_px, y = open.back() / mask.width_px;
        open.pop_back();
        visit(x - 1, y), visit(x + 1, y), visit(x, y - 1), visit(x, y + 1);
    }
}

/// Water that mirrors a dark shore is darker and greener than what mirrors the sky, and looks like leaves. It
/// is told by its streaks, which lie flat where the shore's trees and the grass before it stand up, and by
/// being joined to the water that was found.
void join_dark_reflections(Plane& mask, const Features& f, const Plane& across, const Plane& down,
                           int horizon_row) {
    const int width = mask.width_px, height = mask.height_px;
    double l = 0, a = 0, b = 0, count = 0;
    std::vector<int> open;
    for (int i = 0; i < width * height; ++i) {
        if (mask.values[i] < 0.5f) continue;
        l += f.lightness.values[i], a += f.a.values[i], b += f.b.values[i], count += 1;
        open.push_back(i);
    }
    if (count == 0) return;
    l /= count, a /= count, b /= count;
    const auto visit = [&](int x, int y) {
        if (x < 0 || y <= horizon_row || x >= width || y >= height) return;
        const int i = y * width + x;
        if (mask.values[i] > 0.5f || f.lightness.values[i] > l + 8 || f.a.values[i] > a + 2) return;
        if (std::hypot(f.a.values[i] - a, f.b.values[i] - b) > 15) return;
        if (down.values[i] < 1.05f * across.values[i] + 0.3f) return;
        mask.values[i] = 1;
        open.push_back(i);
    };
    while (!open.empty()) {
        const int x = open.back() % width, y = open.back() / width;
        open.pop_back();
        visit(x - 1, y), visit(x + 1, y), visit(x, y - 1), visit(x, y + 1);
    }
}

}  // namespace

Plane find_water(const Features& f, const Plane& sky, const Plane& foliage, const Horizon& horizon,
                 const GuidedFilter& edges) {
    const int width = f.width(), height = f.height();
    Plane mask(width, height);
    double sky_l = 0, sky_a = 0, sky_b = 0, count = 0;
    const int horizon_row = static_cast<int>(horizon.row * height);
    for (int y = std::max(0, horizon_row - height / 4); y < horizon_row; ++y)
        for (int x = 0; x < width; ++x)
            if (sky.at(x, y) > 0.8f)
                sky_l += f.lightness.at(x, y), sky_a += f.a.at(x, y), sky_b += f.b.at(x, y), count += 1;
    const bool has_sky = count > 0.01 * width * height;
    if (has_sky) sky_l /= count, sky_a /= count, sky_b /= count;

    const Plane across = box_mean(f.edge_x, 4), down = box_mean(f.edge_y, 4);
    for (int y = std::max(0, horizon_row); y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const int i = y * width + x;
            const float smooth = ramp(across.values[i], 3.2f, 1.6f);
            const float streaked = ramp(down.values[i] / (across.values[i] + 0.3f), 1.0f, 1.5f);
            const float bluish = ramp(f.b.values[i], -2, -9) * ramp(f.a.values[i], 14, 6);
            float mirrors = 0;
            float blue_enough = bluish;
            if (!has_sky) blue_enough *= smooth * streaked;
            if (has_sky) {
                const auto colour =
                    static_cast<float>(std::hypot(f.a.values[i] - sky_a, f.b.values[i] - sky_b));
                const auto light = static_cast<float>(f.lightness.values[i] - sky_l);
                mirrors = ramp(colour, 14, 6) * ramp(light, -45, -25) * ramp(light, 15, 5) * streaked;
            }
            mask.values[i] = std::max(blue_enough, mirrors) *
                             (0.4f * smooth + 0.6f * std::max(smooth, streaked)) * (1 - sky.values[i]) *
                             (1 - foliage.values[i]);
        }
    mask = box_mean(mask, 2);
    for (float& value : mask.values) value = value > 0.4f ? 1.0f : 0.0f;
    if (!horizon.straight) drop_hazy_slopes(mask, horizon_row);
    remove_small_parts(mask, width * height / 35);
    join_dark_reflections(mask, f, across, down, horizon_row);
    if (!has_sky) {
        const Plane white = white_water(f);  // under a sky it may be snow
        for (std::size_t i = 0; i < mask.values.size(); ++i)
            mask.values[i] = std::max(mask.values[i], white.values[i]);
    }
    return soften(mask, edges);
}

}  // namespace stillreel::animatic
