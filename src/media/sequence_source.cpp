#include <fmt/core.h>

#include "base/error.h"
#include "media/frame_source.h"
#include "media/sequence.h"

namespace stillreel::media {
namespace {

namespace fs = std::filesystem;

class SequenceSource final : public FrameSource {
  public:
    explicit SequenceSource(const fs::path& name) : names_(name) {
        facts_ = open_av_source(names_.frame(0))->facts();
        facts_.container = "png sequence";
        facts_.frames = names_.count();
        facts_.bytes = 0;
        for (std::int64_t i = 0; i < facts_.frames; ++i)
            facts_.bytes += static_cast<std::int64_t>(fs::file_size(names_.frame(i)));
        if (facts_.fps.num > 0) facts_.duration_s = static_cast<double>(facts_.frames) / facts_.fps.value();
    }

    std::optional<image::Image> read() override {
        if (next_ == facts_.frames) return std::nullopt;
        const fs::path path = names_.frame(next_++);
        std::optional<image::Image> picture = open_av_source(path)->read();
        if (!picture || picture->width_px != facts_.width_px || picture->height_px != facts_.height_px)
            throw Error(ErrorCode::corrupt_data,
                        fmt::format("{} must be {}x{} as the first picture of its sequence", path.string(),
                                    facts_.width_px, facts_.height_px));
        return picture;
    }

  private:
    SequenceNames names_;
    std::int64_t next_ = 0;
};

}  // namespace

std::unique_ptr<FrameSource> open_sequence_source(const fs::path& name) {
    return std::make_unique<SequenceSource>(name);
}

}  // namespace stillreel::media
