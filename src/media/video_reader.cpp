#include <utility>

#include "media/av.h"
#include "media/frame_source.h"
#include "media/video.h"

namespace stillreel::media {
namespace {

std::unique_ptr<FrameSource> open_source(const std::filesystem::path& path) {
    route_av_log();
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

}  // namespace stillreel::media
