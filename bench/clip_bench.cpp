// How fast a whole clip is made, from the picture's file to the finished MP4: push-in, heavy rain, fog and
// police lights. One line per size, "name=value" separated by blanks: frames a second once the first 8 are
// through, the time until the first frame was handed to the encoder, and the process's peak memory so far.
//   clip_bench [PICTURE] [--threads N]

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/machine.h"
#include "base/threads.h"
#include "studio/generate.h"

namespace {

using namespace stillreel;

constexpr int kWarmUp = 8;
constexpr int kFrames = 48;

void measure(const std::string& picture, int width, int height, int threads) {
    studio::ClipSpec spec;
    spec.picture = picture;
    spec.prompt = "Camera slowly pushes in, heavy rain, fog, red police lights in the distance";
    spec.width = width;
    spec.height = height;
    spec.frames = kWarmUp + kFrames;
    spec.seed = 1;

    const std::filesystem::path output =
        std::filesystem::temp_directory_path() / fmt::format("stillreel-clip-bench-{}.mp4", width);
    studio::RunOptions run;
    run.threads = threads;
    run.output = output;
    run.on_existing = studio::OnExisting::replace;
    const Stopwatch watch;
    double first_s = 0, warm_s = 0;
    studio::Observer observer;
    observer.progress = [&](const studio::Progress& progress) {
        if (progress.frame == 1) first_s = watch.seconds();
        if (progress.frame == kWarmUp) warm_s = watch.seconds();
    };
    const CancelFlag never;
    const studio::MadeClip made =
        studio::generate(studio::request_of(spec), run, studio::standard_engines(), observer, never);
    const double end_s = watch.seconds();
    std::filesystem::remove(output);
    fmt::print(
        "bench=clip size={}x{} threads={} frames_per_s={:.1f} first_frame_ms={:.0f} total_ms={:.0f} "
        "bytes={} peak_mib={:.0f}\n",
        width, height, threads, kFrames / (end_s - warm_s), 1e3 * first_s, 1e3 * end_s, made.bytes,
        static_cast<double>(peak_rss_bytes()) / (1 << 20));
}

}  // namespace

int main(int argc, char** argv) {
    int threads = available_threads();
    std::string picture = STILLREEL_SOURCE_DIR "/examples/rainy_street.jpg";
    for (int i = 1; i < argc; ++i) {
        if (std::string(argv[i]) == "--threads" && i + 1 < argc)
            threads = std::max(1, std::atoi(argv[++i]));
        else
            picture = argv[i];
    }
    measure(picture, 512, 512, threads);
    measure(picture, 1920, 1080, threads);
}
