#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "media/av.h"
#include "media/clip_sink.h"
#include "media/placing.h"
#include "media/video.h"

namespace stillreel::media {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxSide = 16383;  // of WebP; x264 goes one further
constexpr int kMaxFps = 1000;
constexpr int kMaxGifFps = 50;  // players slow a delay of less than 0.02 s down
constexpr std::array<std::string_view, 10> kPresets = {"ultrafast", "superfast", "veryfast", "faster",
                                                       "fast",      "medium",    "slow",     "slower",
                                                       "veryslow",  "placebo"};

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::invalid_argument, sentence); }

void check_range(const char* field, int value, int lowest, int highest) {
    if (value < lowest || value > highest)
        refuse(fmt::format("{} must be between {} and {}, not {}", field, lowest, highest, value));
}

void check_size(Format format, const VideoSettings& settings) {
    const int width = settings.width_px, height = settings.height_px;
    if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide)
        refuse(fmt::format("a clip's width and height must be between 1 and {}, not {}x{}", kMaxSide, width,
                           height));
    if (needs_even_size(format) && (width % 2 || height % 2))
        refuse(fmt::format(
            "{} stores colour at half size and needs an even width and height; {}x{} would do, not {}x{}",
            format == Format::mp4 ? "H.264 (.mp4)" : "ProRes (.mov)", width + width % 2, height + height % 2,
            width, height));
}

void check_settings(Format format, const VideoSettings& settings) {
    check_size(format, settings);
    const Rational fps = settings.fps;
    constexpr std::int64_t kMaxTerm = 1'000'000;
    if (fps.num < 1 || fps.den < 1 || fps.num > kMaxTerm || fps.den > kMaxTerm || fps.value() > kMaxFps)
        refuse(fmt::format("fps must be above 0 and at most {}, not {}", kMaxFps, to_string(fps)));
    if (format == Format::gif && fps.value() > kMaxGifFps)
        refuse(fmt::format(
            "a GIF plays at most {} frames a second; choose a lower fps than {}, or .webp or .mp4",
            kMaxGifFps, to_string(fps)));
    check_range("crf", settings.crf, 0, 51);
    check_range("lookahead", settings.lookahead, 0, 250);
    check_range("encoder_threads", settings.encoder_threads, 1, 128);
    if (std::find(kPresets.begin(), kPresets.end(), settings.preset) == kPresets.end())
        refuse(fmt::format("\"{}\" is no x264 preset; there are {}", settings.preset,
                           fmt::join(kPresets, ", ")));
}

std::unique_ptr<ClipSink> open_sink(Format format, const fs::path& part, const fs::path& target,
                                    const VideoSettings& settings) {
    switch (format) {
        case Format::mp4:
            return open_mp4_sink(part, settings);
        case Format::prores_mov:
            return open_prores_sink(part, settings);
        case Format::gif:
            return open_gif_sink(part, settings);
        case Format::webp:
            return open_webp_sink(part, settings);
        case Format::png_sequence:
            return open_png_sink(part, target.filename(), settings);
    }
    STILLREEL_CHECK(false);
    return nullptr;
}

}  // namespace

Format format_of(const fs::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (extension == ".mp4") return Format::mp4;
    if (extension == ".mov") return Format::prores_mov;
    if (extension == ".gif") return Format::gif;
    if (extension == ".webp") return Format::webp;
    if (extension == ".png") return Format::png_sequence;
    throw Error(
        ErrorCode::unsupported,
        fmt::format("{} does not end in a format that stillreel writes; choose .mp4 (H.264), .mov (ProRes), "
                    ".gif, .webp or .png (a sequence)",
                    path.string()));
}

bool needs_even_size(Format format) { return format == Format::mp4 || format == Format::prores_mov; }

struct VideoWriter::State {
    fs::path target;
    VideoSettings settings;
    std::unique_ptr<Placing> placing;
    std::unique_ptr<ClipSink> sink;  // after placing: closed before its file is removed
    std::int64_t frames = 0;
    bool written = false;
    bool placed = false;
};

VideoWriter::VideoWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter& VideoWriter::operator=(VideoWriter&&) noexcept = default;
VideoWriter::~VideoWriter() = default;

VideoWriter VideoWriter::open(const fs::path& target, const VideoSettings& settings) {
    const Format format = format_of(target);
    check_settings(format, settings);
    if (std::error_code ignored; fs::is_directory(target, ignored))
        throw Error(ErrorCode::io, fmt::format("cannot write {}: it is a folder", target.string()));
    route_av_log();
    auto state = std::make_unique<State>();
    state->target = target;
    state->settings = settings;
    state->placing = format == Format::png_sequence ? place_sequence(target) : place_file(target);
    state->sink = open_sink(format, state->placing->part(), target, settings);
    return VideoWriter(std::move(state));
}

void VideoWriter::write(const FrameView& frame) {
    STILLREEL_CHECK(!state_->written);
    STILLREEL_CHECK(frame.pixels != nullptr);
    STILLREEL_CHECK_EQ(frame.width_px, state_->settings.width_px);
    STILLREEL_CHECK_EQ(frame.height_px, state_->settings.height_px);
    state_->sink->write(frame);
    ++state_->frames;
}

bool VideoWriter::finish(Existing existing) { return finish_as(state_->target, existing); }

bool VideoWriter::finish_as(const fs::path& target, Existing existing) {
    STILLREEL_CHECK(state_->frames > 0);
    STILLREEL_CHECK(!state_->placed);
    if (!state_->written) {
        state_->sink->finish();
        state_->sink.reset();
        state_->written = true;
    }
    state_->placed = state_->placing->place(target, existing);
    return state_->placed;
}

}  // namespace stillreel::media
