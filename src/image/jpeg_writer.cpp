#include <cstddef>
#include <cstdio>  // jpeglib.h needs it

#include <fmt/core.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstdlib>

#include "base/check.h"
#include "base/error.h"
#include "image/picture_file.h"

namespace stillreel::image {
namespace {

struct WriteState {
    jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
    std::jmp_buf back;
};

[[noreturn]] void on_error(j_common_ptr info) {
    std::longjmp(reinterpret_cast<WriteState*>(info->err)->back, 1);
}
void on_message(j_common_ptr, int) {}

/// Holds nothing that needs a destructor: libjpeg jumps back here on an error.
bool write_rows(WriteState& state, jpeg_compress_struct& info, const Image& picture, int quality,
                unsigned char** bytes, unsigned long* count) {
    if (setjmp(state.back)) return false;
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, bytes, count);
    info.image_width = static_cast<JDIMENSION>(picture.width_px);
    info.image_height = static_cast<JDIMENSION>(picture.height_px);
    info.input_components = picture.channels;
    info.in_color_space = picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    info.optimize_coding = TRUE;
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        JSAMPROW row = const_cast<JSAMPROW>(picture.row(static_cast<int>(info.next_scanline)));
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    return true;
}

}  // namespace

std::vector<std::uint8_t> encode_jpeg(const Image& picture, int quality) {
    STILLREEL_CHECK(!picture.empty());
    STILLREEL_CHECK(picture.channels == 1 || picture.channels == 3);
    WriteState state{};
    jpeg_compress_struct info{};
    info.err = jpeg_std_error(&state.manager);
    state.manager.error_exit = &on_error;
    state.manager.emit_message = &on_message;
    unsigned char* bytes = nullptr;
    unsigned long count = 0;
    const bool written = write_rows(state, info, picture, quality, &bytes, &count);
    std::vector<std::uint8_t> result;
    if (written) result.assign(bytes, bytes + count);
    jpeg_destroy_compress(&info);
    std::free(bytes);
    if (!written)
        throw Error(ErrorCode::out_of_memory, fmt::format("not enough memory to write a JPEG of {}x{} pixels",
                                                          picture.width_px, picture.height_px));
    return result;
}

}  // namespace stillreel::image
