#include "app/machine_score.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "app/lines.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/machine.h"
#include "base/random.h"
#include "diffusion/clip_cost.h"
#include "diffusion/machine_bench.h"
#include "diffusion/random_model.h"
#include "image/picture_file.h"
#include "studio/generate.h"
#include "studio/presets.h"
#include "studio/recipe.h"

namespace stillreel::app {
namespace {

namespace fs = std::filesystem;
using diffusion::I2VGenCost;
using diffusion::I2VGenRequest;
using diffusion::MachineBench;
using diffusion::Speed;
using nlohmann::ordered_json;
using tensor::kPrecisions;
using tensor::Precision;

constexpr Speed kSpeeds[] = {Speed::exact, Speed::fast, Speed::draft};
constexpr int kAnimaticFrames = 48;
constexpr int kAnimaticWarmUp = 8;

/// A clip whose time is foretold.
struct Clip {
    std::string name;
    int width_px, height_px, frames, steps;
};

struct Prediction {
    I2VGenCost cost;
    double seconds = 0;
};

/// One clip at one precision, at every speed.
struct Row {
    const Clip& clip;
    Precision precision;
    std::array<Prediction, std::size(kSpeeds)> at;
    std::uint64_t peak_bytes() const { return at[0].cost.peak_bytes; }
};

std::vector<Clip> clips() {
    std::vector<Clip> list = {{"small", 256, 256, 8, 20}};
    for (const studio::Preset& preset : studio::presets())
        list.push_back(
            {std::string(preset.name), preset.size_px, preset.size_px, preset.frames, preset.steps});
    list.push_back({"wide", 704, 448, 16, 50});
    return list;
}

std::vector<Row> predictions(const MachineBench& bench, const std::string& config,
                             const std::vector<Clip>& list) {
    const diffusion::I2VGenModel model = diffusion::known_model(config);
    std::map<std::string, std::uint64_t> stored = diffusion::known_model_bytes(config);
    std::vector<Row> rows;
    for (const Clip& clip : list)
        for (const Precision precision : kPrecisions) {
            Row row{clip, precision, {}};
            for (std::size_t i = 0; i < std::size(kSpeeds); ++i) {
                I2VGenRequest request;
                request.width_px = clip.width_px;
                request.height_px = clip.height_px;
                request.frames = clip.frames;
                request.steps = clip.steps;
                request.precision = precision;
                request.shortcuts = diffusion::shortcuts_of(kSpeeds[i]);
                I2VGenCost& cost = row.at[i].cost;
                cost = diffusion::cost_of(model, request);
                cost.text.stored_bytes = stored[diffusion::kTextEncoder];
                cost.picture.stored_bytes = stored[diffusion::kImageEncoder];
                cost.vae.stored_bytes = stored[diffusion::kVae];
                cost.unet.stored_bytes = stored[diffusion::kUnet];
                row.at[i].seconds = bench.seconds_of(cost, precision);
            }
            rows.push_back(std::move(row));
        }
    return rows;
}

/// A picture with a horizon, large enough for 1080p.
image::Image made_up_picture() {
    image::Image picture(1920, 1080, 3);
    for (int y = 0; y < picture.height_px; ++y)
        for (int x = 0; x < picture.width_px; ++x) {
            const bool sky = y < picture.height_px / 2;
            const float rough = sky ? 8.0f : 60.0f;
            const float grain = rough * hash_unit(1, x / 4, y / 4);
            const float light = (sky ? 150.0f : 60.0f) + 40.0f * static_cast<float>(y) / 1080.0f;
            for (int c = 0; c < 3; ++c)
                picture.pixels[(static_cast<std::size_t>(y) * 1920 + static_cast<std::size_t>(x)) * 3 +
                               static_cast<std::size_t>(c)] =
                    static_cast<std::uint8_t>(light + grain + (sky && c == 2 ? 30.0f : 0.0f));
        }
    return picture;
}

/// A folder of its own, gone at the end.
class ScratchFolder {
  public:
    ScratchFolder()
        : path_(fs::temp_directory_path() / fmt::format("stillreel-bench-{}", static_cast<int>(getpid()))) {
        fs::create_directories(path_);
    }
    ~ScratchFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

/// Frames a second of 1920x1080 with rain and fog, drawn and encoded.
double animatic_rate(int threads) {
    const ScratchFolder scratch;
    const fs::path picture = scratch.path() / "picture.png";
    image::write_png(picture, made_up_picture());
    studio::ClipSpec spec;
    spec.picture = picture.string();
    spec.prompt = "Camera slowly pushes in, heavy rain, fog";
    spec.width = 1920;
    spec.height = 1080;
    spec.frames = kAnimaticWarmUp + kAnimaticFrames;
    spec.seed = 1;
    studio::RunOptions run;
    run.threads = threads;
    run.output = scratch.path() / "clip.mp4";
    double warm_s = 0;
    const Stopwatch watch;
    studio::Observer observer;
    observer.progress = [&](const studio::Progress& progress) {
        if (progress.frame == kAnimaticWarmUp) warm_s = watch.seconds();
    };
    studio::generate(studio::request_of(spec), run, studio::standard_engines(), observer, interrupt_flag());
    return kAnimaticFrames / (watch.seconds() - warm_s);
}

struct Score {
    MachineBench bench;
    double animatic_frames_per_second = 0;
    std::array<double, std::size(kPrecisions)> guided_steps_per_minute{};
    std::uint64_t free_bytes = 0;
    double seconds = 0;  // of all the measuring
};

/// Of the UNet's products at that precision.
double product_rate_of(const MachineBench& bench, Precision precision) {
    switch (precision) {
        case Precision::f32:
            return bench.speed.f32_flops_per_second;
        case Precision::bf16:
            return bench.speed.bf16_flops_per_second;
        case Precision::int8:
            return bench.speed.int8_flops_per_second;
    }
    return bench.speed.f32_flops_per_second;
}

ordered_json to_json(const Score& score, const std::vector<Row>& rows) {
    const MachineBench& bench = score.bench;
    ordered_json object{{"threads", bench.threads},
                        {"processor", studio::cpu_level()},
                        {"f32_gflops", bench.speed.f32_flops_per_second / 1e9},
                        {"bf16_gflops", bench.speed.bf16_flops_per_second / 1e9},
                        {"int8_gflops", bench.speed.int8_flops_per_second / 1e9},
                        {"copy_gigabytes_per_second", bench.speed.bytes_per_second / 1e9},
                        {"free_bytes", score.free_bytes},
                        {"measured_seconds", score.seconds}};
    for (const diffusion::MeasuredModel& model : bench.models)
        object["models"].push_back({{"precision", name_of(model.precision)},
                                    {"side", model.side_px},
                                    {"clips", model.clips},
                                    {"frames", model.frames},
                                    {"pass_seconds", model.pass.total()},
                                    {"pass_gflops", model.pass.work.flops() / model.pass.total() / 1e9},
                                    {"vae_frame_seconds", model.frame.total()}});
    object["animatic_frames_per_second"] = score.animatic_frames_per_second;
    for (std::size_t i = 0; i < std::size(kPrecisions); ++i)
        object["score"][std::string(name_of(kPrecisions[i]))] = score.guided_steps_per_minute[i];
    for (const Row& row : rows)
        for (std::size_t i = 0; i < std::size(kSpeeds); ++i)
            object["clips"].push_back({{"name", row.clip.name},
                                       {"width", row.clip.width_px},
                                       {"height", row.clip.height_px},
                                       {"frames", row.clip.frames},
                                       {"steps", row.clip.steps},
                                       {"precision", name_of(row.precision)},
                                       {"speed", name_of(kSpeeds[i])},
                                       {"seconds", row.at[i].seconds},
                                       {"peak_bytes", row.at[i].cost.peak_bytes},
                                       {"fits", row.at[i].cost.peak_bytes <= score.free_bytes}});
    return object;
}

void print_measured(const Score& score) {
    const MachineBench& bench = score.bench;
    fmt::print(
        "machine     {} threads, {}: {:.0f} GFLOP/s of floats, {:.0f} of bfloat16, {:.0f} of 8 bits; copies "
        "{:.0f} GB/s\n",
        bench.threads, studio::cpu_level(), bench.speed.f32_flops_per_second / 1e9,
        bench.speed.bf16_flops_per_second / 1e9, bench.speed.int8_flops_per_second / 1e9,
        bench.speed.bytes_per_second / 1e9);
    for (const diffusion::MeasuredModel& model : bench.models) {
        const double rate = model.pass.work.flops() / model.pass.total();
        fmt::print(
            "{:<11} {:.2f} s a {} of {}x{}, {} frames: {:.0f} GFLOP/s, {:.0f} % of its product; {:.2f} s to "
            "decode a frame of 256x256\n",
            name_of(model.precision), model.pass.total(), model.clips == 2 ? "guided pair" : "pass",
            model.side_px, model.side_px, model.frames, rate / 1e9,
            100 * rate / product_rate_of(bench, model.precision), model.frame.total());
    }
    fmt::print("animatic    {:.0f} frames of 1920x1080 a second, rain and fog, drawn and encoded\n",
               score.animatic_frames_per_second);
}

void print_predictions(const Score& score, const std::vector<Row>& rows) {
    fmt::print("\n{:<10} {:<12} {:>6} {:>5}  {:<9} {:>10} {:>10} {:>10} {:>9}\n", "clip", "size", "frames",
               "steps", "precision", "exact", "fast", "draft", "memory");
    bool all_fit = true;
    for (const Row& row : rows) {
        const bool fits = row.peak_bytes() <= score.free_bytes;
        all_fit = all_fit && fits;
        fmt::print("{:<10} {:<12} {:>6} {:>5}  {:<9} {:>10} {:>10} {:>10} {:>9}{}\n", row.clip.name,
                   fmt::format("{}x{}", row.clip.width_px, row.clip.height_px), row.clip.frames,
                   row.clip.steps, name_of(row.precision), duration_text(row.at[0].seconds),
                   duration_text(row.at[1].seconds), duration_text(row.at[2].seconds),
                   bytes_text(row.peak_bytes()), fits ? "" : " *");
    }
    if (!all_fit)
        fmt::print("* more than the {} that are free: --low-memory and --auto-fit help\n",
                   bytes_text(score.free_bytes));
}

void print_score(const Score& score, const std::vector<Row>& rows) {
    print_measured(score);
    fmt::print(
        "\nscore       {:.1f}: guided steps of 256x256, 8 frames, a minute, in floats; in bfloat16 {:.1f}, "
        "with 8 "
        "bits {:.1f}\n",
        score.guided_steps_per_minute[0], score.guided_steps_per_minute[1], score.guided_steps_per_minute[2]);
    print_predictions(score, rows);
}

}  // namespace

int bench_machine_score(const MachineScoreArguments& arguments) {
    const Stopwatch watch;
    Score score;
    const auto begins = [&](const std::string& piece) {
        if (arguments.voice == Voice::normal) print_line(stderr, "measures " + piece + " ...");
    };
    score.free_bytes = free_memory_bytes();
    const diffusion::I2VGenModel model = diffusion::known_model(arguments.config);
    score.bench =
        diffusion::bench_machine({model, arguments.threads, score.free_bytes, begins}, &interrupt_flag());
    begins("an animatic clip");
    score.animatic_frames_per_second = animatic_rate(arguments.threads);
    for (std::size_t i = 0; i < std::size(kPrecisions); ++i)
        score.guided_steps_per_minute[i] = score.bench.score(model, kPrecisions[i]);
    const std::vector<Clip> list = clips();
    const std::vector<Row> rows = predictions(score.bench, arguments.config, list);
    score.seconds = watch.seconds();
    if (arguments.voice == Voice::json)
        fmt::print("{}\n", to_json(score, rows).dump(2));
    else
        print_score(score, rows);
    return 0;
}

}  // namespace stillreel::app
