#include "image/exif.h"

#include <algorithm>
#include <cstddef>

namespace stillreel::image {
namespace {

/// Reads numbers of a TIFF structure; outside of it everything is 0.
class TiffReader {
  public:
    explicit TiffReader(std::span<const std::uint8_t> bytes)
        : bytes_(bytes), big_endian_(!bytes.empty() && bytes[0] == 'M') {}

    std::uint32_t u16(std::size_t at) const { return number(at, 2); }
    std::uint32_t u32(std::size_t at) const { return number(at, 4); }
    bool valid() const {
        return bytes_.size() >= 8 && (bytes_[0] == 'I' || bytes_[0] == 'M') && bytes_[1] == bytes_[0] &&
               u16(2) == 42;
    }

  private:
    std::uint32_t number(std::size_t at, std::size_t size) const {
        if (at > bytes_.size() || bytes_.size() - at < size) return 0;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const std::uint32_t byte = bytes_[at + (big_endian_ ? i : size - 1 - i)];
            value = value << 8 | byte;
        }
        return value;
    }

    std::span<const std::uint8_t> bytes_;
    bool big_endian_;
};

}  // namespace

int exif_orientation(std::span<const std::uint8_t> exif) {
    constexpr std::uint8_t kPrefix[] = {'E', 'x', 'i', 'f', 0, 0};
    if (exif.size() >= sizeof kPrefix && std::equal(std::begin(kPrefix), std::end(kPrefix), exif.begin()))
        exif = exif.subspan(sizeof kPrefix);
    const TiffReader tiff(exif);
    if (!tiff.valid()) return 1;

    constexpr std::uint32_t kOrientationTag = 0x0112, kShort = 3, kLong = 4;
    constexpr std::size_t kEntryBytes = 12;
    const std::size_t directory = tiff.u32(4);
    const std::uint32_t entries = tiff.u16(directory);
    for (std::uint32_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + i * kEntryBytes;
        if (tiff.u16(entry) != kOrientationTag) continue;
        const std::uint32_t type = tiff.u16(entry + 2);
        std::uint32_t value = 0;
        if (type == kShort) value = tiff.u16(entry + 8);
        if (type == kLong) value = tiff.u32(entry + 8);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

}  // namespace stillreel::image
