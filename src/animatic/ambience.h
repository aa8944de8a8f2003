// The light of the picture, from its thumbnail: what colour fog, rain and flying things take on.
#pragma once

#include "animatic/scene.h"

namespace stillreel::animatic {

/// A colour in float, 0 to 255 a channel.
struct Rgb {
    float r = 0, g = 0, b = 0;
};
inline Rgb operator+(Rgb a, Rgb b) { return {a.r + b.r, a.g + b.g, a.b + b.b}; }
inline Rgb operator*(Rgb a, float f) { return {a.r * f, a.g * f, a.b * f}; }
inline Rgb operator*(Rgb a, Rgb b) { return {a.r * b.r, a.g * b.g, a.b * b.b}; }
inline Rgb lerp(Rgb a, Rgb b, float t) { return a * (1 - t) + b * t; }
inline float luma(Rgb c) { return 0.299f * c.r + 0.587f * c.g + 0.114f * c.b; }
/// Towards grey of the same brightness: 0 grey, 1 as it is.
inline Rgb saturated(Rgb c, float amount) {
    const float grey = luma(c);
    return lerp({grey, grey, grey}, c, amount);
}

class Ambience {
  public:
    explicit Ambience(const Scene& scene);

    /// Bilinear colour of the blurred picture at fractions of its width and height, clamped.
    Rgb at(float x, float y) const;

    Rgb mean;
    Rgb bright;   // of the brightest fifth
    Rgb horizon;  // along the horizon
    Rgb foliage;  // of the leaves; where there are none, a leaf green
    float brightest_x = 0.8f,
          brightest_y = 0;               // fractions; of the sky where there is sky, else of the upper third
    float lamp_x = 0.5f, lamp_y = 0.5f;  // fractions; of the warmest bright spot
    /// 0 black night ... 1 bright day.
    float daylight = 0.5f;

  private:
    image::Image small_;
};

}  // namespace stillreel::animatic
