#include "encoders.h"

#include <cstddef>
#include <cstdio>  // jpeglib.h needs it

#include <jpeglib.h>
#include <lcms2.h>
#include <png.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <tuple>

namespace stillreel::image::testing {
namespace {

void put(FileBytes& out, std::uint32_t value, int size, bool big_endian) {
    for (int i = 0; i < size; ++i)
        out.push_back(static_cast<std::uint8_t>(value >> 8 * (big_endian ? size - 1 - i : i)));
}

void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(what);
}

J_COLOR_SPACE colour_space_of(int channels) {
    return channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
}

FileBytes saved(cmsHPROFILE profile) {
    cmsUInt32Number size = 0;
    require(cmsSaveProfileToMem(profile, nullptr, &size), "size of a profile");
    FileBytes bytes(size);
    require(cmsSaveProfileToMem(profile, bytes.data(), &size), "profile to memory");
    cmsCloseProfile(profile);
    return bytes;
}

cmsInt32Number ink_to_grey(const cmsUInt16Number in[], cmsUInt16Number out[], void*) {
    const double colour = (in[0] + in[1] + in[2]) / (3.0 * 65535), black = in[3] / 65535.0;
    const cmsCIELab lab = {100.0 * (1 - black) * (1 - colour), 0, 0};
    cmsFloat2LabEncodedV2(out, &lab);
    return TRUE;
}

WebPData view(const FileBytes& bytes) { return {bytes.data(), bytes.size()}; }

FileBytes assembled(WebPMux* mux) {
    WebPData file = {};
    require(WebPMuxAssemble(mux, &file) == WEBP_MUX_OK, "WebPMuxAssemble");
    FileBytes bytes(file.bytes, file.bytes + file.size);
    WebPDataClear(&file);
    WebPMuxDelete(mux);
    return bytes;
}

}  // namespace

FileBytes make_exif(int orientation, bool big_endian) {
    FileBytes out;
    for (const char c : {'E', 'x', 'i', 'f', '\0', '\0'}) out.push_back(static_cast<std::uint8_t>(c));
    const std::uint8_t order = big_endian ? 'M' : 'I';
    out.push_back(order);
    out.push_back(order);
    put(out, 42, 2, big_endian);
    put(out, 8, 4, big_endian);  // where the directory is
    put(out, 2, 2, big_endian);  // its entries
    for (const auto& [tag, value] : {std::pair{0x0100, 64}, std::pair{0x0112, orientation}}) {
        put(out, tag, 2, big_endian);
        put(out, 3, 2, big_endian);
        put(out, 1, 4, big_endian);
        put(out, value, 2, big_endian);
        put(out, 0, 2, big_endian);
    }
    put(out, 0, 4, big_endian);
    return out;
}

FileBytes encode_jpeg(const Image& samples, const JpegKind& kind) {
    jpeg_compress_struct info = {};
    jpeg_error_mgr errors = {};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &bytes, &size);
    info.image_width = samples.width_px;
    info.image_height = samples.height_px;
    info.input_components = samples.channels;
    info.in_color_space = colour_space_of(samples.channels);
    jpeg_set_defaults(&info);
    if (kind.ycck) jpeg_set_colorspace(&info, JCS_YCCK);
    jpeg_set_quality(&info, kind.quality, TRUE);
    if (samples.channels == 4) info.write_Adobe_marker = kind.adobe ? TRUE : FALSE;
    if (kind.full_chroma)
        for (int c = 0; c < info.num_components; ++c)
            info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
    if (kind.progressive) jpeg_simple_progression(&info);
    std::vector<jpeg_scan_info> scans;
    if (kind.scan_for_every_coefficient) {
        for (int c = 0; c < info.num_components; ++c)
            for (int k = 0; k < DCTSIZE2; ++k) scans.push_back({1, {c}, k, k, 0, 0});
        info.scan_info = scans.data();
        info.num_scans = static_cast<int>(scans.size());
    }
    jpeg_start_compress(&info, TRUE);
    if (!kind.exif.empty())
        jpeg_write_marker(&info, JPEG_APP0 + 1, kind.exif.data(), static_cast<unsigned>(kind.exif.size()));
    if (!kind.icc.empty())
        jpeg_write_icc_profile(&info, kind.icc.data(), static_cast<unsigned>(kind.icc.size()));
    for (int y = 0; y < samples.height_px; ++y) {
        JSAMPROW row = const_cast<JSAMPROW>(samples.row(y));
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    FileBytes file(bytes, bytes + size);
    std::free(bytes);
    return file;
}

FileBytes encode_png_kind(const Image& samples, const PngKind& kind) {
    FileBytes file;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    const auto append = [](png_structp writer, png_bytep bytes, std::size_t count) {
        auto& out = *static_cast<FileBytes*>(png_get_io_ptr(writer));
        out.insert(out.end(), bytes, bytes + count);
    };
    png_set_write_fn(png, &file, append, nullptr);
    constexpr int kTypes[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                              PNG_COLOR_TYPE_RGB_ALPHA};
    png_set_IHDR(png, info, samples.width_px, samples.height_px, kind.bits,
                 kind.palette ? PNG_COLOR_TYPE_PALETTE : kTypes[samples.channels],
                 kind.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (kind.palette) {
        std::vector<png_color> palette;
        for (int i = 0; i < 1 << kind.bits; ++i)
            palette.push_back(
                {static_cast<png_byte>(i), static_cast<png_byte>(255 - i), static_cast<png_byte>(i / 2)});
        png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
        FileBytes alpha(palette.size(), 255);
        if (kind.transparent_index >= 0) {
            alpha[kind.transparent_index] = 128;
            png_set_tRNS(png, info, alpha.data(), static_cast<int>(alpha.size()), nullptr);
        }
    }
    if (!kind.transparent.empty()) {
        png_color_16 colour = {};
        if (samples.channels == 1)
            colour.gray = kind.transparent[0];
        else
            colour = {0, kind.transparent[0], kind.transparent[1], kind.transparent[2], 0};
        png_set_tRNS(png, info, nullptr, 0, &colour);
    }
    if (!kind.icc.empty())
        png_set_iCCP(png, info, "profile", PNG_COMPRESSION_TYPE_BASE, kind.icc.data(),
                     static_cast<png_uint_32>(kind.icc.size()));
    FileBytes exif = kind.exif;
    if (!exif.empty()) {
        exif.erase(exif.begin(), exif.begin() + 6);
        png_set_eXIf_1(png, info, static_cast<png_uint_32>(exif.size()), exif.data());
    }
    png_write_info(png, info);
    if (kind.bits < 8) png_set_packing(png);
    std::vector<FileBytes> rows(samples.height_px);
    std::vector<png_bytep> pointers;
    for (int y = 0; y < samples.height_px; ++y) {
        for (std::size_t i = 0; i < samples.stride(); ++i)
            rows[y].insert(rows[y].end(), kind.bits == 16 ? 2 : 1, samples.row(y)[i]);  // v * 257
        pointers.push_back(rows[y].data());
    }
    png_write_image(png, pointers.data());
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return file;
}

FileBytes encode_webp(const Image& samples, const WebpKind& kind) {
    std::uint8_t* bytes = nullptr;
    const int stride = static_cast<int>(samples.stride());
    const std::size_t size =
        samples.channels == 4
            ? WebPEncodeLosslessRGBA(samples.row(0), samples.width_px, samples.height_px, stride, &bytes)
            : WebPEncodeLosslessRGB(samples.row(0), samples.width_px, samples.height_px, stride, &bytes);
    require(size > 0, "WebPEncodeLossless");
    FileBytes file(bytes, bytes + size);
    WebPFree(bytes);
    if (kind.exif.empty() && kind.icc.empty()) return file;
    const WebPData whole = view(file);
    WebPMux* mux = WebPMuxCreate(&whole, 1);
    const WebPData icc = view(kind.icc), exif = view(kind.exif);
    if (icc.size) require(WebPMuxSetChunk(mux, "ICCP", &icc, 1) == WEBP_MUX_OK, "ICCP");
    if (exif.size) require(WebPMuxSetChunk(mux, "EXIF", &exif, 1) == WEBP_MUX_OK, "EXIF");
    return assembled(mux);
}

FileBytes encode_animated_webp(const Image& first, int x, int y, const Image& second, Size canvas) {
    WebPMux* mux = WebPMuxNew();
    for (const auto& [picture, left, top] : {std::tuple<const Image*, int, int>{&first, x, y},
                                             std::tuple<const Image*, int, int>{&second, 0, 0}}) {
        const FileBytes file = encode_webp(*picture);
        WebPMuxFrameInfo frame = {};
        frame.bitstream = view(file);
        frame.x_offset = left;
        frame.y_offset = top;
        frame.duration = 100;
        frame.id = WEBP_CHUNK_ANMF;
        require(WebPMuxPushFrame(mux, &frame, 1) == WEBP_MUX_OK, "WebPMuxPushFrame");
    }
    const WebPMuxAnimParams params = {0, 0};
    require(WebPMuxSetAnimationParams(mux, &params) == WEBP_MUX_OK, "WebPMuxSetAnimationParams");
    require(WebPMuxSetCanvasSize(mux, canvas.width_px, canvas.height_px) == WEBP_MUX_OK,
            "WebPMuxSetCanvasSize");
    return assembled(mux);
}

FileBytes display_p3_profile() {
    const cmsCIExyY white = {0.3127, 0.3290, 1.0};
    const cmsCIExyYTRIPLE primaries = {{0.680, 0.320, 1.0}, {0.265, 0.690, 1.0}, {0.150, 0.060, 1.0}};
    const double srgb[5] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
    cmsToneCurve* curve = cmsBuildParametricToneCurve(nullptr, 4, srgb);
    cmsToneCurve* curves[3] = {curve, curve, curve};
    cmsHPROFILE profile = cmsCreateRGBProfile(&white, &primaries, curves);
    cmsFreeToneCurve(curve);
    return saved(profile);
}

FileBytes srgb_profile() { return saved(cmsCreate_sRGBProfile()); }

FileBytes linear_grey_profile() {
    cmsToneCurve* curve = cmsBuildGamma(nullptr, 1.0);
    cmsHPROFILE profile = cmsCreateGrayProfile(cmsD50_xyY(), curve);
    cmsFreeToneCurve(curve);
    return saved(profile);
}

FileBytes grey_ink_profile() {
    cmsHPROFILE profile = cmsCreateProfilePlaceholder(nullptr);
    cmsSetProfileVersion(profile, 2.1);
    cmsSetDeviceClass(profile, cmsSigOutputClass);
    cmsSetColorSpace(profile, cmsSigCmykData);
    cmsSetPCS(profile, cmsSigLabData);
    cmsPipeline* pipeline = cmsPipelineAlloc(nullptr, 4, 3);
    cmsStage* clut = cmsStageAllocCLut16bit(nullptr, 9, 4, 3, nullptr);
    require(cmsStageSampleCLut16bit(clut, &ink_to_grey, nullptr, 0), "cmsStageSampleCLut16bit");
    cmsPipelineInsertStage(pipeline, cmsAT_BEGIN, clut);
    require(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline), "A2B0");
    cmsPipelineFree(pipeline);
    return saved(profile);
}

}  // namespace stillreel::image::testing
