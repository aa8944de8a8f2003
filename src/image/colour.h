// From the colours of a file (grey, RGB or CMYK, perhaps with a profile and alpha) to opaque sRGB.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "image/codec.h"

namespace stillreel::image {

/// Converts rows of 8-bit samples to RGB.
class RowToRgb {
  public:
    /// A profile that is broken, or that is not for this layout, is ignored; so is one that changes nothing.
    RowToRgb(Layout layout, std::span<const std::uint8_t> icc, Colour background);
    ~RowToRgb();
    RowToRgb(RowToRgb&&) noexcept;
    RowToRgb& operator=(RowToRgb&&) noexcept;

    /// `count` pixels; the two may not overlap.
    void convert(const std::uint8_t* samples, std::uint8_t* rgb, int count) const;

  private:
    struct Transform;
    Layout layout_;
    Colour background_;
    std::unique_ptr<Transform> transform_;
};

}  // namespace stillreel::image
