// What each shortcut through the denoising gives and costs: clips of one model, seed and picture, each with
// other shortcuts, timed (processor time: other work going on does no harm), and compared to the exact one
// frame by frame. Prints a Markdown table.
//   shortcut_distances --model FOLDER [--size WxH] [--frames N] [--steps N] [--precision f32|bf16|int8]
//                   [--threads N] [--folder FOLDER] [NAME ...]
// NAMEs choose rows ("draft", "guidance_interval 2"); none: all. The exact clip's frames are kept in --folder
// and taken from there by later runs of the same size, so that rows can be measured a few at a time.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/machine.h"
#include "base/threads.h"
#include "diffusion/i2vgen_pipeline.h"
#include "image/picture_file.h"
#include "weights/model_folder.h"

namespace {

using namespace stillreel;
using diffusion::I2VGenRequest;
using diffusion::Shortcuts;
using diffusion::Speed;

struct Row {
    std::string name;
    Shortcuts shortcuts;  // {cache_interval, cache_branch, guidance_start, guidance_end, guidance_interval,
                          // merge_tokens}
};

std::vector<Row> rows() {
    return {{"fast", diffusion::shortcuts_of(Speed::fast)},
            {"draft", diffusion::shortcuts_of(Speed::draft)},
            {"cache_interval 2, branch 1", {2, 1, 0, 1, 1}},
            {"cache_interval 2, branch 3", {2, 3, 0, 1, 1}},
            {"cache_interval 2, branch 6", {2, 6, 0, 1, 1}},
            {"cache_interval 3, branch 3", {3, 3, 0, 1, 1}},
            {"cache_interval 4, branch 1", {4, 1, 0, 1, 1}},
            {"guidance_interval 2", {1, 1, 0, 1, 2}},
            {"guidance_interval 3", {1, 1, 0, 1, 3}},
            {"guidance_interval 4", {1, 1, 0, 1, 4}},
            {"guidance_end 0.8", {1, 1, 0, 0.8, 1}},
            {"guidance_end 0.6", {1, 1, 0, 0.6, 1}},
            {"guidance_start 0.2", {1, 1, 0.2, 1, 1}},
            {"merge_tokens 0.25", {1, 1, 0, 1, 1, 0.25}},
            {"merge_tokens 0.5", {1, 1, 0, 1, 1, 0.5}},
            {"merge_tokens 0.75", {1, 1, 0, 1, 1, 0.75}},
            {"draft, merge_tokens 0.5", {4, 1, 0, 0.8, 1, 0.5}},
            {"cache_interval 2, branch 3, guidance_interval 2", {2, 3, 0, 1, 2}},
            {"cache_interval 4, branch 1, guidance_interval 2", {4, 1, 0, 1, 2}},
            {"cache_interval 4, branch 1, guidance_interval 4", {4, 1, 0, 1, 4}},
            {"cache_interval 3, branch 1, guidance_interval 3", {3, 1, 0, 1, 3}}};
}

struct Options {
    std::string model;
    std::filesystem::path folder = std::filesystem::temp_directory_path() / "stillreel-shortcuts";
    I2VGenRequest request;
    int threads = available_threads();
    std::vector<std::string> names;  // empty: all rows
};

struct Clip {
    std::vector<image::Image> frames;
    double seconds = 0;  // of all cores, of the denoising with its towers and their loading
};

/// Stripes and a slope, the same every time.
image::Image picture_of(int width_px, int height_px) {
    image::Image picture(width_px, height_px, 3);
    for (int y = 0; y < height_px; ++y)
        for (int x = 0; x < width_px; ++x)
            for (int c = 0; c < 3; ++c)
                picture.pixels[static_cast<std::size_t>((y * width_px + x) * 3 + c)] =
                    static_cast<std::uint8_t>((x * (c + 1) * 2 + y * 3 + (x / 16 + y / 16) % 2 * 60) % 256);
    return picture;
}

Clip made(diffusion::I2VGenPipeline& pipeline, const I2VGenRequest& request) {
    Clip clip;
    const double before = process_facts().cpu_seconds;
    const diffusion::ClipLatents latents = pipeline.denoise(request, {});
    clip.seconds = process_facts().cpu_seconds - before;
    for (int number = 0; number < latents.frames; ++number)
        clip.frames.push_back(pipeline.decode(latents, number, {}));
    return clip;
}

/// Decibels; of equal pictures infinite.
double psnr(const image::Image& a, const image::Image& b) {
    double squares = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i)
        squares += std::pow(static_cast<double>(a.pixels[i]) - b.pixels[i], 2.0);
    if (squares == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.pixels.size()) / squares);
}

/// The exact clip, from the folder or made now and kept there.
Clip exact_clip(diffusion::I2VGenPipeline& pipeline, const Options& options) {
    const I2VGenRequest& request = options.request;
    const std::string stem = fmt::format("{}x{}x{}-{}-{}", request.width_px, request.height_px,
                                         request.frames, request.steps, name_of(request.precision));
    const auto frame_file = [&](int number) {
        return options.folder / fmt::format("{}-{:02}.png", stem, number);
    };
    const std::filesystem::path seconds_file = options.folder / (stem + ".seconds");
    if (std::filesystem::exists(seconds_file)) {
        fmt::print(stderr, "the exact clip is the one kept in {}: of the same model and build?\n",
                   options.folder.string());
        Clip clip;
        std::ifstream(seconds_file) >> clip.seconds;
        for (int number = 0; number < request.frames; ++number)
            clip.frames.push_back(image::read_picture(frame_file(number)));
        return clip;
    }
    Clip clip = made(pipeline, request);
    std::filesystem::create_directories(options.folder);
    for (int number = 0; number < request.frames; ++number)
        image::write_png(frame_file(number), clip.frames[static_cast<std::size_t>(number)]);
    std::ofstream(seconds_file) << clip.seconds << "\n";
    return clip;
}

void print_row(const std::string& name, double pairs, double seconds, const Clip& clip, const Clip& exact) {
    double least = std::numeric_limits<double>::infinity(), sum = 0;
    for (std::size_t i = 0; i < clip.frames.size(); ++i) {
        const double decibels = psnr(clip.frames[i], exact.frames[i]);
        least = std::min(least, decibels);
        sum += decibels;
    }
    fmt::print("| {} | {:.1f} | {:.1f} | {:.2f} | {:.1f} | {:.1f} |\n", name, pairs, seconds,
               exact.seconds / seconds, least, sum / static_cast<double>(clip.frames.size()));
    std::fflush(stdout);
}

void compare(const Options& options) {
    const weights::ModelFolder folder = weights::open_model_folder(weights::find_model(options.model));
    auto pipeline = diffusion::I2VGenPipeline::open(folder, {options.threads, {}, {}});
    const Clip exact = exact_clip(pipeline, options);
    fmt::print("{}x{}, {} frames, {} steps, guidance {:g}, {}\n\n", options.request.width_px,
               options.request.height_px, options.request.frames, options.request.steps,
               options.request.guidance, name_of(options.request.precision));
    fmt::print(
        "| shortcut | work in guided pairs | processor s | times as fast | PSNR least | mean |\n"
        "|---|---|---|---|---|---|\n");
    const double pair = cost_of(folder, options.request).flops_per_step;
    const auto chosen = [&](const std::string& name) {
        return options.names.empty() || std::ranges::find(options.names, name) != options.names.end();
    };
    if (chosen("exact")) print_row("exact", options.request.steps, exact.seconds, exact, exact);
    for (const Row& row : rows()) {
        if (!chosen(row.name)) continue;
        I2VGenRequest request = options.request;
        request.shortcuts = row.shortcuts;
        double flops = 0;
        for (const double step : cost_of(folder, request).flops_of_steps) flops += step;
        const Clip clip = made(pipeline, request);
        print_row(row.name, flops / pair, clip.seconds, clip, exact);
    }
}

Options parsed(int argc, char** argv) {
    Options options;
    I2VGenRequest& request = options.request;
    request.width_px = request.height_px = 128;
    request.frames = 8;
    request.steps = 20;
    request.seed = 5;
    request.prompt = "The camera pans slowly to the left";
    request.precision = tensor::Precision::int8;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (!word.starts_with("--") || i + 1 == argc) {
            options.names.push_back(word);
            continue;
        }
        const std::string value = argv[++i];
        if (word == "--model") options.model = value;
        if (word == "--folder") options.folder = value;
        if (word == "--frames") request.frames = std::stoi(value);
        if (word == "--steps") request.steps = std::stoi(value);
        if (word == "--threads") options.threads = std::stoi(value);
        for (const tensor::Precision precision : tensor::kPrecisions)
            if (word == "--precision" && value == name_of(precision)) request.precision = precision;
        if (word == "--size") std::sscanf(value.c_str(), "%dx%d", &request.width_px, &request.height_px);
    }
    request.picture = picture_of(request.width_px, request.height_px);
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        compare(parsed(argc, argv));
    } catch (const stillreel::Error& error) {
        fmt::print(stderr, "shortcut_distances: {}\n", error.what());
        return 1;
    }
}
