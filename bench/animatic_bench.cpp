// How fast the procedural engine draws: push-in, heavy rain, fog and police lights at 1080p and 512 x 512.
// One line per case, "name=value" separated by blanks: frames a second and the time until the first frame.
//   animatic_bench [PICTURE] [--threads N]

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "animatic/animatic.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/threads.h"
#include "image/picture_file.h"

namespace {

using namespace stillreel;

constexpr int kWarmUp = 8;
constexpr int kFrames = 48;

/// Detail of many sizes under a sky, where no photograph is given.
image::Image made_picture() {
    image::Image picture(3000, 2000, 3);
    for (int y = 0; y < picture.height_px; ++y)
        for (int x = 0; x < picture.width_px; ++x) {
            float value = 0;
            for (int size = 256; size >= 2; size /= 2)
                value += std::sqrt(static_cast<float>(size)) * 4 * hash_unit(size, x / size, y / size);
            const bool sky = y < 700 + 60 * std::sin(x / 200.0);
            const float level = sky ? 200 - static_cast<float>(y) / 20 : 30 + value / 2;
            for (int c = 0; c < 3; ++c)
                picture.at(x, y)[c] = static_cast<std::uint8_t>(
                    std::clamp(level + (sky ? 15 * static_cast<float>(c) : 0), 0.0f, 255.0f));
        }
    return picture;
}

prompt::MotionPlan push_in() {
    prompt::CameraTrack dolly;
    dolly.move = prompt::CameraMove::dolly;
    dolly.speed = 0.6;
    prompt::MotionPlan plan;
    plan.camera.push_back(dolly);
    return plan;
}

prompt::MotionPlan heavy_plan() {
    prompt::EffectTrack rain, fog, police;
    rain.kind = prompt::EffectKind::rain;
    rain.intensity = 0.9;
    fog.kind = prompt::EffectKind::fog;
    police.kind = prompt::EffectKind::police_lights;
    police.distant = true;
    police.colours = "red_blue";
    prompt::MotionPlan plan = push_in();
    plan.effects = {rain, fog, police};
    return plan;
}

void measure(const std::string& name, const image::Image& picture, const prompt::MotionPlan& plan,
             image::Size frame, int threads) {
    animatic::Options options;
    options.frame = frame;
    options.frames = kWarmUp + kFrames;
    options.threads = threads;
    const prompt::CameraPath path =
        prompt::compile_camera(plan, {.duration_s = options.frames / options.fps.value(),
                                      .aspect = static_cast<double>(frame.width_px) / frame.height_px});
    animatic::FrameBuffer out;
    const Stopwatch start;
    animatic::Animatic animatic = animatic::Animatic::prepare({picture, {}, {}}, plan, path, options);
    const double prepared_s = start.seconds();
    animatic.render(0, out);
    const double first_s = start.seconds();
    for (int number = 1; number < kWarmUp; ++number) animatic.render(number, out);
    std::vector<double> times_s;
    for (int number = kWarmUp; number < kWarmUp + kFrames; ++number) {
        const Stopwatch watch;
        animatic.render(number, out);
        times_s.push_back(watch.seconds());
    }
    double total_s = 0;
    for (double time_s : times_s) total_s += time_s;
    std::sort(times_s.begin(), times_s.end());
    fmt::print(
        "bench=animatic case={} size={}x{} threads={} frames_per_s={:.1f} median_ms={:.2f} prepare_ms={:.0f} "
        "first_frame_ms={:.0f}\n",
        name, frame.width_px, frame.height_px, threads, kFrames / total_s, 1e3 * times_s[kFrames / 2],
        1e3 * prepared_s, 1e3 * first_s);
}

}  // namespace

int main(int argc, char** argv) {
    int threads = available_threads();
    std::string file;
    for (int i = 1; i < argc; ++i) {
        if (std::string(argv[i]) == "--threads" && i + 1 < argc)
            threads = std::max(1, std::atoi(argv[++i]));
        else
            file = argv[i];
    }
    const image::Image picture =
        file.empty() ? made_picture()
                     : image::read_picture(file, {.limits = {}, .at_least = {2400, 1600}, .background = {}});
    for (image::Size frame : {image::Size{1920, 1080}, image::Size{512, 512}}) {
        measure("push_in", picture, push_in(), frame, threads);
        measure("push_in_rain_fog_police", picture, heavy_plan(), frame, threads);
    }
}
