#include "studio/small_pictures.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "image/resize.h"
#include "media/video.h"

namespace stillreel::studio {
namespace {

constexpr int kStripFrames = 8;
constexpr int kStripSidePx = 240;

Error no_frame(int number, std::int64_t frames) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("the clip has no frame {}: its frames are 0 to {}", number, frames - 1));
}

image::Image side_by_side(const std::vector<image::Image>& tiles) {
    const int width = tiles.front().width_px;
    image::Image strip(width * static_cast<int>(tiles.size()), tiles.front().height_px, 3);
    for (std::size_t i = 0; i < tiles.size(); ++i)
        for (int y = 0; y < strip.height_px; ++y)
            std::memcpy(strip.at(static_cast<int>(i) * width, y), tiles[i].row(y), tiles[i].stride());
    return strip;
}

}  // namespace

image::Image made_small(const image::Image& picture, int side_px) {
    const int longest = std::max(picture.width_px, picture.height_px);
    if (longest <= side_px) return picture;
    const double scale = static_cast<double>(side_px) / longest;
    const auto side = [&](int px) { return std::max(1, static_cast<int>(std::lround(px * scale))); };
    return image::resize(picture, {side(picture.width_px), side(picture.height_px)}, image::Filter::box);
}

image::Image frame_of(const std::filesystem::path& clip, int number, const CancelFlag& cancel) {
    media::VideoReader reader = media::VideoReader::open(clip);
    if (number >= reader.facts().frames && reader.facts().frames > 0)
        throw no_frame(number, reader.facts().frames);
    cancel.throw_if_requested();
    reader.skip(number);
    std::optional<image::Image> frame = reader.read();
    if (!frame) throw no_frame(number, reader.facts().frames);
    return std::move(*frame);
}

image::Image contact_strip(const std::filesystem::path& clip, const CancelFlag& cancel) {
    media::VideoReader reader = media::VideoReader::open(clip);
    const std::int64_t frames = std::max<std::int64_t>(1, reader.facts().frames);
    const std::int64_t count = std::min<std::int64_t>(kStripFrames, frames);
    std::vector<image::Image> tiles;
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        cancel.throw_if_requested();
        const std::int64_t wanted = count == 1 ? 0 : i * (frames - 1) / (count - 1);
        reader.skip(wanted - next);
        const std::optional<image::Image> frame = reader.read();
        if (!frame) break;
        tiles.push_back(made_small(*frame, kStripSidePx));
        next = wanted + 1;
    }
    if (tiles.empty())
        throw Error(ErrorCode::corrupt_data, fmt::format("{} has no frames", clip.filename().string()));
    return side_by_side(tiles);
}

}  // namespace stillreel::studio
