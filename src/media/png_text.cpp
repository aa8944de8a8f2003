#include "media/png_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "base/check.h"
#include "base/error.h"

extern "C" {
#include <libavutil/crc.h>
}

namespace stillreel::media {
namespace {

namespace fs = std::filesystem;

constexpr std::uint8_t kSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr std::size_t kHeaderBytes = 8 + 12 + 13;  // signature and IHDR
constexpr std::uint32_t kMaxTextBytes = 16 << 20;

void put_u32(std::vector<std::uint8_t>& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

void put_chunk(std::vector<std::uint8_t>& out, const std::string& type_and_data) {
    put_u32(out, static_cast<std::uint32_t>(type_and_data.size() - 4));
    out.insert(out.end(), type_and_data.begin(), type_and_data.end());
    const std::uint32_t crc =
        ~av_crc(av_crc_get_table(AV_CRC_32_IEEE_LE), ~0u,
                reinterpret_cast<const std::uint8_t*>(type_and_data.data()), type_and_data.size());
    put_u32(out, crc);
}

/// Keyword and text of an iTXt or tEXt chunk's data; nothing for compressed text.
std::optional<std::pair<std::string, std::string>> parse_text(const std::string& type,
                                                              const std::string& data) {
    const std::size_t keyword_end = data.find('\0');
    if (keyword_end == std::string::npos) return std::nullopt;
    std::string keyword = data.substr(0, keyword_end);
    if (keyword == "Comment") keyword = "comment";
    if (type == "tEXt") return std::pair(keyword, data.substr(keyword_end + 1));
    // iTXt: keyword 0, compression flag, method, language 0, translated keyword 0, text.
    if (data.size() < keyword_end + 3 || data[keyword_end + 1] != 0) return std::nullopt;
    const std::size_t language_end = data.find('\0', keyword_end + 3);
    if (language_end == std::string::npos) return std::nullopt;
    const std::size_t translated_end = data.find('\0', language_end + 1);
    if (translated_end == std::string::npos) return std::nullopt;
    return std::pair(keyword, data.substr(translated_end + 1));
}

}  // namespace

bool is_png(const fs::path& path) {
    char begin[8] = {};
    std::ifstream(path, std::ios::binary).read(begin, 8);
    return std::equal(begin, begin + 8, reinterpret_cast<const char*>(kSignature));
}

std::vector<std::uint8_t> with_text(std::span<const std::uint8_t> png, const Tags& tags) {
    STILLREEL_CHECK(png.size() > kHeaderBytes);
    std::vector<std::uint8_t> out(png.begin(), png.begin() + kHeaderBytes);
    for (const auto& [key, value] : tags) {
        const std::string keyword = key == "comment" ? "Comment" : key.substr(0, 79);
        put_chunk(out, "iTXt" + keyword + std::string(5, '\0') + value);
    }
    out.insert(out.end(), png.begin() + kHeaderBytes, png.end());
    return out;
}

Tags png_text(const fs::path& path) {
    const auto broken = [&] {
        return Error(ErrorCode::corrupt_data, fmt::format("{} is a PNG that is cut short", path.string()));
    };
    std::ifstream in(path, std::ios::binary);
    in.seekg(8);
    Tags tags;
    for (;;) {
        char head[8];
        if (!in.read(head, 8)) throw broken();
        std::uint32_t size = 0;
        for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<std::uint8_t>(head[i]);
        const std::string type(head + 4, 4);
        if (type == "IDAT" || type == "IEND") return tags;
        if ((type == "iTXt" || type == "tEXt") && size <= kMaxTextBytes) {
            std::string data(size, '\0');
            if (!in.read(data.data(), size)) throw broken();
            if (auto text = parse_text(type, data)) tags.insert(std::move(*text));
            in.seekg(4, std::ios::cur);
        } else {
            in.seekg(static_cast<std::streamoff>(size) + 4, std::ios::cur);
        }
    }
}

}  // namespace stillreel::media
