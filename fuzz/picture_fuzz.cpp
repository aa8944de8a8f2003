// Any bytes at all: a picture or an Error, never a crash, and memory within reason.
#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "image/picture_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    stillreel::image::ReadOptions options;
    options.limits.max_megapixels = 4;
    if (size > 0 && data[size - 1] % 2) options.at_least = {64, 64};
    try {
        stillreel::image::decode_picture({data, data + size}, "input", options);
    } catch (const stillreel::Error&) {
    }
    return 0;
}
