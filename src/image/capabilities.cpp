#include "image/capabilities.h"

#include <fmt/core.h>
#include <lcms2.h>
#include <png.h>
#include <webp/decode.h>

#include <cstdio>

#include <jpeglib.h>

namespace stillreel::image {

std::vector<std::pair<std::string, std::string>> library_versions() {
    const int webp = WebPGetDecoderVersion();
    const int lcms = cmsGetEncodedCMMversion();
    return {{"libjpeg", fmt::format("API {}.{}", JPEG_LIB_VERSION / 10, JPEG_LIB_VERSION % 10)},
            {"libpng", png_get_libpng_ver(nullptr)},
            {"libwebp", fmt::format("{}.{}.{}", webp >> 16, webp >> 8 & 0xff, webp & 0xff)},
            {"lcms2", fmt::format("{}.{}", lcms / 1000, lcms % 1000 / 10)}};
}

}  // namespace stillreel::image
