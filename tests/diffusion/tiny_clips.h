// The tiny I2VGen-XL of the goldens, and small clips to make with it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "diffusion/i2vgen_pipeline.h"
#include "weights/model_folder.h"

namespace stillreel::testing {

inline std::filesystem::path tiny_root() {
    return std::filesystem::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl";
}

inline weights::ModelFolder tiny_model() { return weights::open_model_folder(tiny_root()); }

/// Waves of colour: something in every channel, nothing symmetric.
inline image::Image tiny_picture() {
    image::Image picture(37, 29, 3);
    for (std::size_t i = 0; i < picture.pixels.size(); ++i)
        picture.pixels[i] = static_cast<std::uint8_t>((i * 7 + i / 11 * 5) % 251);
    return picture;
}

inline diffusion::I2VGenRequest tiny_request() {
    diffusion::I2VGenRequest request;
    request.picture = tiny_picture();
    request.prompt = "The camera pans slowly to the left";
    request.negative_prompt = "blurry";
    request.width_px = 40;
    request.height_px = 24;
    request.frames = 3;
    request.steps = 4;
    request.seed = 11;
    return request;
}

/// What a run of two steps gave.
struct TinyRun {
    std::vector<float> latents;
    std::string notes;  // a line each
};

/// `packed_cache` as in I2VGenRun.
inline TinyRun tiny_run(tensor::Precision precision, const std::filesystem::path& model = tiny_root(),
                        const std::filesystem::path& packed_cache = {}) {
    auto pipeline =
        diffusion::I2VGenPipeline::open(weights::open_model_folder(model), {2, {}, {}, packed_cache});
    diffusion::I2VGenRequest request = tiny_request();
    request.steps = 2;
    request.precision = precision;
    TinyRun run;
    diffusion::I2VGenHooks hooks;
    hooks.note = [&](const std::string& line) { run.notes += line + "\n"; };
    run.latents = pipeline.denoise(request, hooks).numbers;
    return run;
}

/// What denoise() showed: numbers by name.
struct Shown {
    std::map<std::string, std::vector<float>> numbers;
    std::vector<std::string> order;

    diffusion::Probe probe() {
        return [this](std::string_view name, const tensor::Shape& shape, std::span<const float> values) {
            EXPECT_EQ(shape.elements(), static_cast<std::int64_t>(values.size())) << name;
            numbers[std::string(name)].assign(values.begin(), values.end());
            order.emplace_back(name);
        };
    }
};

inline diffusion::I2VGenPipeline open_tiny(const std::filesystem::path& scratch = {}, int threads = 2) {
    return diffusion::I2VGenPipeline::open(tiny_model(), {threads, scratch, ""});
}

}  // namespace stillreel::testing
