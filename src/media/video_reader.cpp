#include <utility>

#include "media/av.h"
#include "media/frame_source.h"
#include "media/sequence.h"
#include "media/video.h"
#include "media/webp_file.h"

namespace stillreel::media {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<FrameSource> open_source(const std::filesystem::path& path) {
    route_av_log();
    std::error_code ignored;
    const bool is_file = fs::is_regular_file(path, ignored);
    if (!is_file && fs::exists(SequenceNames(path).frame(0), ignored)) return open_sequence_source(path);
    if (is_file && is_webp(path)) return open_webp_source(path);
    return open_av_source(path);
}

}  // namespace

VideoFacts probe_video(const std::filesystem::path& path) { return open_source(path)->facts(); }

struct VideoReader::State {
    std::unique_ptr<FrameSource> source;
};

VideoReader::VideoReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;
VideoReader::~VideoReader() = default;

VideoReader VideoReader::open(const std::filesystem::path& path) {
    return VideoReader(std::make_unique<State>(State{open_source(path)}));
}

const VideoFacts& VideoReader::facts() const { return state_->source->facts(); }

std::optional<image::Image> VideoReader::read() { return state_->source->read(); }

void VideoReader::skip(std::int64_t frames) { state_->source->skip(frames); }

}  // namespace stillreel::media
