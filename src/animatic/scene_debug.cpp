#include "animatic/scene_debug.h"

#include <fmt/core.h>

#include <algorithm>

#include "image/picture_file.h"

namespace stillreel::animatic {

namespace {

image::Image unpremultiplied(image::Image texture) {
    for (std::size_t i = 0; i < texture.pixels.size(); i += 4) {
        const int alpha = texture.pixels[i + 3];
        if (alpha == 0 || alpha == 255) continue;
        for (std::size_t c = i; c < i + 3; ++c)
            texture.pixels[c] =
                static_cast<std::uint8_t>(std::min(255, (texture.pixels[c] * 255 + alpha / 2) / alpha));
    }
    return texture;
}

}  // namespace

void write_debug(const Analysis& analysis, const Scene& scene, const std::filesystem::path& folder) {
    image::write_png(folder / "depth.png", analysis.disparity);
    image::write_png(folder / "subject.png", analysis.regions.subject);
    image::write_png(folder / "sky.png", analysis.regions.sky);
    image::write_png(folder / "water.png", analysis.regions.water);
    image::write_png(folder / "foliage.png", analysis.regions.foliage);
    for (std::size_t k = 0; k < scene.layers.size(); ++k)
        image::write_png(folder / fmt::format("layer_{}.png", k), unpremultiplied(scene.layers[k].texture));
}

}  // namespace stillreel::animatic
