#include "media/capabilities.h"

#include <fmt/core.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
}

namespace stillreel::media {
namespace {

std::string dotted(unsigned version) {
    return fmt::format("{}.{}.{}", AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
                       AV_VERSION_MICRO(version));
}

}  // namespace

std::vector<Encoder> encoders() {
    std::vector<Encoder> list;
    for (const auto& [format, name] : {std::pair{".mp4", "libx264"},
                                       {".mov", "prores_ks"},
                                       {".gif", "gif"},
                                       {".webp", "libwebp_anim"},
                                       {".png", "png"}})
        list.push_back({format, name, avcodec_find_encoder_by_name(name) != nullptr});
    return list;
}

std::vector<std::pair<std::string, std::string>> library_versions() {
    return {{"FFmpeg", av_version_info()},
            {"libavcodec", dotted(avcodec_version())},
            {"libavformat", dotted(avformat_version())}};
}

std::string library_licence() { return avformat_license(); }

}  // namespace stillreel::media
