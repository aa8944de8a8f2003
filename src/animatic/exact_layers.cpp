#include "animatic/exact_layers.h"

#include <algorithm>
#include <cstdlib>

#include "base/check.h"

namespace stillreel::animatic {
namespace {

constexpr int kTolerance = 2;  // 8-bit levels: what the rounding of premultiplied colours costs anyway

bool at_origin(const prompt::CameraPose& pose) { return pose.x == 0 && pose.y == 0 && pose.z == 0; }

/// Whether the layers, laid on top of each other, show `seen` at texel x, y.
bool shows(const Scene& scene, int x, int y, const std::uint8_t* seen) {
    int colour[3] = {};
    for (const Layer& layer : scene.layers) {
        const std::uint8_t* texel = layer.texture.at(x, y);
        for (int c = 0; c < 3; ++c) colour[c] = texel[c] + (colour[c] * (255 - texel[3]) + 127) / 255;
    }
    for (int c = 0; c < 3; ++c)
        if (std::abs(colour[c] - seen[c]) > kTolerance) return false;
    return true;
}

void put(Scene& scene, int x, int y, const std::uint8_t* seen) {
    int owner = static_cast<int>(scene.layers.size()) - 1;
    while (owner > 0 && scene.layers[owner].texture.at(x, y)[3] < 128) --owner;
    std::uint8_t* texel = scene.layers[owner].texture.at(x, y);
    std::copy_n(seen, 3, texel);
    texel[3] = 255;
    for (std::size_t nearer = owner + 1; nearer < scene.layers.size(); ++nearer)
        std::fill_n(scene.layers[nearer].texture.at(x, y), 4, std::uint8_t{0});
}

}  // namespace

bool stays_in_place(const prompt::CameraPath& path) {
    if (path.shake.travel != 0) return false;
    return std::all_of(path.segments.begin(), path.segments.end(), [](const prompt::CameraSegment& segment) {
        return at_origin(segment.p0) && at_origin(segment.p1) && at_origin(segment.p2) &&
               at_origin(segment.p3);
    });
}

void show_exactly(const image::Image& picture, Scene& scene, ThreadPool& pool) {
    STILLREEL_CHECK(picture.size() == scene.size && picture.channels == 3);
    pool.parallel_for(picture.height_px, [&](int y) {
        for (int x = 0; x < picture.width_px; ++x) {
            const std::uint8_t* seen = picture.at(x, y);
            if (!shows(scene, x, y, seen)) put(scene, x, y, seen);
        }
    });
}

}  // namespace stillreel::animatic
