// Small clips made for a test, and how near they come back.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "image/image.h"
#include "media/video.h"

namespace stillreel::testing {

inline media::FrameView view_of(const image::Image& rgba) {
    return {rgba.pixels.data(), rgba.width_px, rgba.height_px, static_cast<std::ptrdiff_t>(rgba.stride())};
}

/// Smooth colour waves that travel with the frame number; opaque.
inline image::Image wave_frame(int width, int height, int frame) {
    image::Image picture(width, height, 4);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const double u = (x + 2.0 * frame) / width, v = (y + 1.0 * frame) / height;
            std::uint8_t* pixel = picture.at(x, y);
            pixel[0] = static_cast<std::uint8_t>(std::lround(127.5 + 100 * std::sin(6.3 * u)));
            pixel[1] = static_cast<std::uint8_t>(std::lround(127.5 + 100 * std::sin(6.3 * v + 1)));
            pixel[2] = static_cast<std::uint8_t>(std::lround(127.5 + 100 * std::sin(3.1 * (u + v))));
            pixel[3] = 255;
        }
    return picture;
}

/// Six flat patches side by side: red, green, blue, skin, grey, white.
inline constexpr std::uint8_t kPatches[6][3] = {{200, 30, 30},   {30, 180, 60},   {40, 60, 220},
                                                {224, 172, 140}, {128, 128, 128}, {255, 255, 255}};
inline image::Image patch_frame(int width, int height) {
    image::Image picture(width, height, 4);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const std::uint8_t* colour = kPatches[x * 6 / width];
            std::uint8_t* pixel = picture.at(x, y);
            for (int c = 0; c < 3; ++c) pixel[c] = colour[c];
            pixel[3] = 255;
        }
    return picture;
}

/// Largest difference of a channel between the middle of a patch and its true colour.
inline int worst_patch_error(const image::Image& rgb) {
    int worst = 0;
    for (int patch = 0; patch < 6; ++patch) {
        const std::uint8_t* found = rgb.at((2 * patch + 1) * rgb.width_px / 12, rgb.height_px / 2);
        for (int c = 0; c < 3; ++c) worst = std::max(worst, std::abs(found[c] - kPatches[patch][c]));
    }
    return worst;
}

/// Peak signal to noise in dB over the colour channels; `rgba` and `rgb` of one size.
inline double psnr_db(const image::Image& rgba, const image::Image& rgb) {
    double sum = 0;
    for (int y = 0; y < rgb.height_px; ++y)
        for (int x = 0; x < rgb.width_px; ++x)
            for (int c = 0; c < 3; ++c) {
                const double difference = rgba.at(x, y)[c] - rgb.at(x, y)[c];
                sum += difference * difference;
            }
    const double mean = sum / (3.0 * rgb.width_px * rgb.height_px);
    return mean == 0 ? 99 : 10 * std::log10(255 * 255 / mean);
}

inline media::VideoSettings settings_of(int width, int height) {
    media::VideoSettings settings;
    settings.width_px = width;
    settings.height_px = height;
    return settings;
}

/// A finished clip of `frames` waves.
inline void write_waves(const std::filesystem::path& path, const media::VideoSettings& settings, int frames) {
    media::VideoWriter writer = media::VideoWriter::open(path, settings);
    for (int i = 0; i < frames; ++i)
        writer.write(view_of(wave_frame(settings.width_px, settings.height_px, i)));
    writer.finish();
}

inline std::vector<image::Image> read_all_frames(const std::filesystem::path& path) {
    media::VideoReader reader = media::VideoReader::open(path);
    std::vector<image::Image> frames;
    while (auto frame = reader.read()) frames.push_back(std::move(*frame));
    return frames;
}

}  // namespace stillreel::testing
