// Real photographs (tools/fetch_media), and a picture as large as a camera's, through the product.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "image/picture_file.h"
#include "image/resize.h"
#include "proof/shot.h"
#include "support/flow.h"
#include "support/scratch.h"

namespace stillreel::testing {
namespace {

namespace fs = std::filesystem;

fs::path media_folder() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    return (cache && *cache ? fs::path(cache) : fs::path(home ? home : "/") / ".cache") /
           "stillreel-test-media";
}

const fs::path kExamples = fs::path(STILLREEL_SOURCE_DIR) / "examples";

/// A frame of the picture's aspect with a short side of 216, both sides even.
image::Size small_frame(image::Size picture) {
    const double scale = 216.0 / std::min(picture.width_px, picture.height_px);
    const auto even = [scale](int px) { return static_cast<int>(std::lround(px * scale / 2)) * 2; };
    return {even(picture.width_px), even(picture.height_px)};
}

animatic::Animatic shoot_photograph(const fs::path& path, const std::string& words, Shot& shot) {
    const image::PictureFacts facts = image::probe_picture(path);
    shot.frame = small_frame(facts.size);
    image::ReadOptions options;
    options.at_least = animatic::wanted_picture_size(facts.size, shot.frame, animatic::Fit::cover);
    return shoot(animatic::Inputs{image::read_picture(path, options), std::nullopt, std::nullopt}, words,
                 shot);
}

double black_share(const image::Image& frame, const image::Rect& strip) {
    const image::Image part = image::crop(frame, strip);
    double black = 0;
    for (std::size_t i = 0; i < part.pixels.size(); i += part.channels)
        black += part.pixels[i] + part.pixels[i + 1] + part.pixels[i + 2] < 12;
    return black / (static_cast<double>(part.width_px) * part.height_px);
}

/// How much more black there is in a side's outermost line than four lines further in, at the worst side.
double black_border(const image::Image& frame) {
    const int width = frame.width_px, height = frame.height_px;
    const auto excess = [&](const image::Rect& outer, const image::Rect& inner) {
        return black_share(frame, outer) - black_share(frame, inner);
    };
    return std::max({excess({0, 0, width, 1}, {0, 4, width, 1}), excess({0, 0, 1, height}, {4, 0, 1, height}),
                     excess({0, height - 1, width, 1}, {0, height - 5, width, 1}),
                     excess({width - 1, 0, 1, height}, {width - 5, 0, 1, height})});
}

TEST(Photographs, PushInWithRainKeepsSizeBrightnessAndEdges) {
    for (const char* name : {"life_by_Aitzol_Berasategi.jpg", "friends_by_Aitzol_Berasategi.jpg",
                             "picosdeeuropa_by_Aitzol_Berasategi.jpg", "seeding_by_Clements_Engelhardt.jpg",
                             "astronaut.png", "chelsea.png"}) {
        SCOPED_TRACE(name);
        const fs::path path = media_folder() / name;
        if (!fs::exists(path))
            GTEST_SKIP() << path << " is missing: run tools/fetch_media (needs a Debian mirror)";
        Shot shot;
        animatic::Animatic clip = shoot_photograph(path, "Camera slowly pushes in, rain", shot);
        image::ReadOptions reading;
        reading.at_least = shot.frame;
        const image::Image picture =
            image::resize(image::read_picture(path, reading), shot.frame, image::Filter::bilinear);
        const double brightness = mean_colour(picture).luma();
        const image::Image first = frame_of(clip, 0), last = frame_of(clip, 12);
        for (const image::Image& frame : {first, last}) {
            EXPECT_EQ(frame.size(), shot.frame);
            EXPECT_NEAR(mean_colour(frame).luma(), brightness, 12 + 0.2 * brightness);
            EXPECT_LT(black_border(frame), 0.1);
            for (std::size_t i = 3; i < frame.pixels.size(); i += 4) ASSERT_EQ(frame.pixels[i], 255);
        }
        EXPECT_GT(motion_of(flow_between(first, last)).expansion, 0.006);
        EXPECT_GT(mean_difference(frame_of(clip, 5), frame_of(clip, 6)), 0.3);
    }
}

TEST(Photographs, ALargeJpegIsDecodedNoLargerThanNeeded) {
    const fs::path path = media_folder() / "seeding_by_Clements_Engelhardt.jpg";
    if (!fs::exists(path))
        GTEST_SKIP() << path << " is missing: run tools/fetch_media (needs a Debian mirror)";
    EXPECT_EQ(image::probe_picture(path).size, (image::Size{5312, 2988}));
    image::ReadOptions options;
    options.at_least = {1280, 720};
    const image::Image picture = image::read_picture(path, options);
    EXPECT_GE(picture.width_px, 1280);
    EXPECT_LE(picture.width_px, 2 * 1280 + 100);
    EXPECT_NEAR(static_cast<double>(picture.width_px) / picture.height_px, 5312.0 / 2988, 0.01);
}

TEST(Examples, MoveWithEstimatedDepthAsWithTheTrueOne) {
    for (const std::string name : {"rainy_street", "lake", "product"}) {
        SCOPED_TRACE(name);
        Shot shot;
        animatic::Animatic estimated =
            shoot_photograph(kExamples / (name + ".jpg"), "Camera dollies in", shot);
        animatic::Inputs inputs{image::read_picture(kExamples / (name + ".jpg")),
                                image::read_map(kExamples / (name + "_depth.png"), image::MapSource::grey),
                                image::read_map(kExamples / (name + "_subject.png"), image::MapSource::grey)};
        inputs.picture = image::resize(inputs.picture, {shot.frame.width_px * 2, shot.frame.height_px * 2},
                                       image::Filter::bilinear);
        animatic::Animatic given = shoot(std::move(inputs), "Camera dollies in", shot);
        for (animatic::Animatic* clip : {&estimated, &given}) {
            const Motion motion = motion_of(flow_between(frame_of(*clip, 0), frame_of(*clip, 12)));
            EXPECT_GT(motion.expansion, 0.004);
            EXPECT_LT(motion.expansion, 0.08);
            EXPECT_LT(std::abs(motion.turn_degrees), 0.3);
        }
    }
}

/// Runs a command to its end with its output thrown away: exit code, and the most memory it held at once.
struct Ended {
    int exit_code = -1;
    double peak_mib = 0;
};
Ended run(const std::vector<std::string>& command) {
    const pid_t child = fork();
    if (child == 0) {
        const int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, 1);
        dup2(nowhere, 2);
        std::vector<char*> arguments;
        for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
        arguments.push_back(nullptr);
        execvp(arguments[0], arguments.data());
        _exit(127);
    }
    int status = 0;
    rusage usage{};
    wait4(child, &status, 0, &usage);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, static_cast<double>(usage.ru_maxrss) / 1024};
}

TEST(Memory, StaysBelow450MibWithA24MegapixelSource) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's own memory is no part of the promise";
#endif
    const ScratchFolder scratch;
    const std::string large = scratch / "large.jpg", clip = scratch / "clip.mp4";
    const Ended made = run({"ffmpeg", "-v", "error", "-i", kExamples / "lake.jpg", "-vf",
                            "scale=6528:3672:flags=bicubic", "-pix_fmt", "yuvj420p", "-q:v", "3", large});
    if (made.exit_code != 0)
        GTEST_SKIP() << "the ffmpeg command (tools/packages-test.txt) makes the large picture";
    const Ended ended = run({fs::path(STILLREEL_BINARY_DIR) / "bin/stillreel", "generate", large, "-p",
                             "Camera slowly pushes in, heavy rain, fog, red police lights in the distance",
                             "--size", "1920x1080", "--duration", "1", "-o", clip});
    EXPECT_EQ(ended.exit_code, 0);
    EXPECT_TRUE(fs::exists(clip));
    EXPECT_LT(ended.peak_mib, 450);
    RecordProperty("peak_mib", static_cast<int>(ended.peak_mib));
}

}  // namespace
}  // namespace stillreel::testing
