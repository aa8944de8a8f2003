#include "animatic/debug_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "image/picture_file.h"

namespace stillreel::animatic {
namespace {

/// PNG stores colour that is not premultiplied.
image::Image straight(const image::Image& premultiplied) {
    image::Image out = premultiplied;
    for (std::size_t i = 0; i + 3 < out.pixels.size(); i += 4) {
        const int alpha = out.pixels[i + 3];
        for (std::size_t c = 0; alpha > 0 && c < 3; ++c)
            out.pixels[i + c] =
                static_cast<std::uint8_t>(std::min(255, (out.pixels[i + c] * 255 + alpha / 2) / alpha));
    }
    return out;
}

image::Plane scaled(const image::Plane& plane, double greatest) {
    image::Plane out = plane;
    for (float& value : out.values) value = static_cast<float>(value / greatest);
    return out;
}

}  // namespace

void write_debug_pictures(const std::filesystem::path& folder, const Analysis& analysis, const Scene& scene,
                          const FittedFraming& fitted) {
    image::write_png(folder / "depth.png", analysis.disparity);
    image::write_png(folder / "subject.png", analysis.regions.subject);
    image::write_png(folder / "sky.png", analysis.regions.sky);
    image::write_png(folder / "water.png", analysis.regions.water);
    image::write_png(folder / "foliage.png", analysis.regions.foliage);
    for (std::size_t i = 0; i < scene.layers.size(); ++i) {
        image::write_png(folder / fmt::format("layer_{}.png", i), straight(scene.layers[i].texture));
        image::write_png(folder / fmt::format("layer_{}_depth.png", i),
                         scaled(scene.layers[i].inverse_depth, scene.w_near));
    }
    nlohmann::ordered_json facts;
    facts["texture"] = {scene.size.width_px, scene.size.height_px};
    facts["centre_texel"] = {fitted.framing.centre_u, fitted.framing.centre_v};
    facts["texel_per_px"] = fitted.framing.texel_per_px;
    facts["focal_px"] = fitted.framing.focal_px;
    facts["overscan"] = fitted.overscan;
    facts["share"] = fitted.share;
    facts["move_fraction"] = fitted.move_fraction;
    facts["notes"] = fitted.notes;
    facts["horizon"] = scene.horizon;
    facts["has_subject"] = scene.has_subject;
    facts["inverse_depth"] = {scene.w_far, scene.w_near};
    write_file(folder / "framing.json", facts.dump(2) + "\n");
}

}  // namespace stillreel::animatic
