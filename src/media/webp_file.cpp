#include "media/webp_file.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "media/xmp.h"

namespace stillreel::media {
namespace {

namespace fs = std::filesystem;

constexpr std::uint8_t kAnimationFlag = 0x02, kXmpFlag = 0x04, kAlphaFlag = 0x10;
constexpr std::uint32_t kMaxXmpBytes = 16 << 20;
constexpr std::size_t kRiffHead = 12, kChunkHead = 8, kFrameHead = 16;

std::uint32_t number(std::string_view bytes, std::size_t at, int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i)
        value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[at + i])) << (8 * i);
    return value;
}

std::string number_bytes(std::uint64_t value, int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
    return bytes;
}

std::string chunk(std::string_view name, std::string_view data) {
    std::string bytes = std::string(name) + number_bytes(data.size(), 4) + std::string(data);
    if (data.size() % 2) bytes += '\0';
    return bytes;
}

std::string extended_header(std::uint8_t flags, int width_px, int height_px) {
    return chunk("VP8X",
                 number_bytes(flags, 4) + number_bytes(width_px - 1, 3) + number_bytes(height_px - 1, 3));
}

class Layout {
  public:
    explicit Layout(const fs::path& path) : path_(path), in_(path, std::ios::binary) {
        if (!in_)
            throw Error(ErrorCode::io,
                        fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
        file_bytes_ = fs::file_size(path);
    }

    WebpLayout read() {
        const std::string head = bytes(0, kRiffHead);
        if (number(head, 4, 4) + 8ull > file_bytes_) corrupt("it is cut short");
        const std::uint64_t end = number(head, 4, 4) + 8ull;
        for (std::uint64_t at = kRiffHead; at + kChunkHead <= end;) {
            const std::string chunk_head = bytes(at, kChunkHead);
            const std::uint32_t size = number(chunk_head, 4, 4);
            if (at + kChunkHead + size > end) corrupt("a chunk reaches over its end");
            take(chunk_head.substr(0, 4), at, size);
            at += kChunkHead + size + size % 2;
        }
        if (layout_.frames.empty()) corrupt("it holds no picture");
        for (WebpFrame& frame : layout_.frames) check_inside(frame);
        return std::move(layout_);
    }

  private:
    [[noreturn]] void corrupt(const char* reason) {
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("{} is not a WebP that can be read: {}", path_.string(), reason));
    }

    std::string bytes(std::uint64_t at, std::size_t count) {
        std::string data(count, '\0');
        in_.seekg(static_cast<std::streamoff>(at));
        if (!in_.read(data.data(), static_cast<std::streamsize>(count))) corrupt("it is cut short");
        return data;
    }

    void take(const std::string& name, std::uint64_t at, std::uint32_t size) {
        const std::uint64_t data = at + kChunkHead;
        if (name == "VP8X" && size >= 10) {
            const std::string field = bytes(data, 10);
            layout_.width_px = static_cast<int>(number(field, 4, 3)) + 1;
            layout_.height_px = static_cast<int>(number(field, 7, 3)) + 1;
        } else if (name == "ANMF" && size > kFrameHead) {
            const std::string field = bytes(data, kFrameHead);
            layout_.frames.push_back({.offset = data + kFrameHead,
                                      .bytes = size - static_cast<std::uint32_t>(kFrameHead),
                                      .x = static_cast<int>(number(field, 0, 3)) * 2,
                                      .y = static_cast<int>(number(field, 3, 3)) * 2,
                                      .width_px = static_cast<int>(number(field, 6, 3)) + 1,
                                      .height_px = static_cast<int>(number(field, 9, 3)) + 1,
                                      .duration_ms = static_cast<int>(number(field, 12, 3)),
                                      .blended = !(field[15] & 2),
                                      .cleared_afterwards = (field[15] & 1) != 0});
        } else if (name == "VP8 " || name == "VP8L") {
            take_still(name, at, size);
        } else if (name == "XMP " && size <= kMaxXmpBytes) {
            layout_.tags = tags_from_xmp(bytes(data, size));
        }
    }

    void take_still(const std::string& name, std::uint64_t at, std::uint32_t size) {
        if (size < 10) corrupt("its picture has no header");
        const std::string field = bytes(at + kChunkHead, 10);
        const std::uint32_t lossless = number(field, 1, 4);
        const std::uint32_t width = name == "VP8L" ? (lossless & 0x3fff) + 1 : number(field, 6, 2) & 0x3fff;
        const std::uint32_t height =
            name == "VP8L" ? (lossless >> 14 & 0x3fff) + 1 : number(field, 8, 2) & 0x3fff;
        layout_.width_px = static_cast<int>(width);
        layout_.height_px = static_cast<int>(height);
        layout_.frames.push_back({.offset = at,
                                  .bytes = size + static_cast<std::uint32_t>(kChunkHead),
                                  .width_px = layout_.width_px,
                                  .height_px = layout_.height_px});
    }

    void check_inside(const WebpFrame& frame) {
        if (frame.width_px < 1 || frame.height_px < 1 || frame.x + frame.width_px > layout_.width_px ||
            frame.y + frame.height_px > layout_.height_px)
            corrupt("a frame lies outside of its canvas");
    }

    fs::path path_;
    std::ifstream in_;
    std::uint64_t file_bytes_ = 0;
    WebpLayout layout_;
};

}  // namespace

bool is_webp(const fs::path& path) {
    char head[12] = {};
    std::ifstream(path, std::ios::binary).read(head, sizeof head);
    return std::string_view(head, 4) == "RIFF" && std::string_view(head + 8, 4) == "WEBP";
}

WebpLayout read_webp_layout(const fs::path& path) { return Layout(path).read(); }

WebpFileWriter::WebpFileWriter(fs::path path, int width_px, int height_px)
    : path_(std::move(path)), width_px_(width_px), height_px_(height_px), out_(path_, std::ios::binary) {
    put("RIFF" + number_bytes(0, 4) + "WEBP" + extended_header(kAnimationFlag, width_px, height_px));
    // Background transparent black, loops without end.
    put(chunk("ANIM", number_bytes(0, 4) + number_bytes(0, 2)));
}

void WebpFileWriter::put(const std::string& bytes) {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out_)
        throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
    written_ += bytes.size();
}

void WebpFileWriter::add(std::span<const std::uint8_t> still, int duration_ms) {
    std::string_view chunks(reinterpret_cast<const char*>(still.data()), still.size());
    STILLREEL_CHECK(chunks.size() > kRiffHead + kChunkHead);
    chunks.remove_prefix(kRiffHead);
    if (chunks.starts_with("VP8X")) {
        alpha_ = alpha_ || (chunks[kChunkHead] & kAlphaFlag);
        chunks.remove_prefix(kChunkHead + number(chunks, 4, 4));
    }
    constexpr std::uint64_t kNoBlend = 2;
    put(chunk("ANMF", number_bytes(0, 6) + number_bytes(width_px_ - 1, 3) + number_bytes(height_px_ - 1, 3) +
                          number_bytes(duration_ms, 3) + number_bytes(kNoBlend, 1) + std::string(chunks)));
}

void WebpFileWriter::finish(const Tags& tags) {
    const std::string xmp = xmp_from_tags(tags);
    if (!xmp.empty()) put(chunk("XMP ", xmp));
    if (written_ > 0xfffffffeull)
        throw Error(ErrorCode::unsupported,
                    fmt::format("{} would be larger than the 4 GB of a WebP; choose .mp4", path_.string()));
    const auto flags =
        static_cast<std::uint8_t>(kAnimationFlag | (xmp.empty() ? 0 : kXmpFlag) | (alpha_ ? kAlphaFlag : 0));
    const std::uint64_t riff_bytes = written_ - kChunkHead;
    out_.seekp(0);
    put("RIFF" + number_bytes(riff_bytes, 4) + "WEBP" + extended_header(flags, width_px_, height_px_));
    out_.close();
    if (!out_)
        throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
}

}  // namespace stillreel::media
