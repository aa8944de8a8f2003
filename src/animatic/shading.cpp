#include "animatic/shading.h"

namespace stillreel::animatic {
namespace {

void haze_channel(float* gain, float* add, const float* amount, int count, float haze, float dim) {
    for (int i = 0; i < count; ++i) {
        const float keep = dim * (1 - amount[i]);
        gain[i] *= keep;
        add[i] = add[i] * keep + haze * amount[i];
    }
}

void light_channel(float* gain, float* add, const float* amount, int count, float more, float light) {
    for (int i = 0; i < count; ++i) {
        const float factor = 1 + more * amount[i];
        gain[i] *= factor;
        add[i] = add[i] * factor + light * amount[i];
    }
}

}  // namespace

void haze_row(LayerGrid& layer, std::size_t begin, int count, const float* amount, Rgb haze, float dim) {
    haze_channel(&layer.gain_r[begin], &layer.add_r[begin], amount, count, haze.r, dim);
    haze_channel(&layer.gain_g[begin], &layer.add_g[begin], amount, count, haze.g, dim);
    haze_channel(&layer.gain_b[begin], &layer.add_b[begin], amount, count, haze.b, dim);
}

void light_row(LayerGrid& layer, std::size_t begin, int count, const float* amount, Rgb gain, Rgb add) {
    light_channel(&layer.gain_r[begin], &layer.add_r[begin], amount, count, gain.r, add.r);
    light_channel(&layer.gain_g[begin], &layer.add_g[begin], amount, count, gain.g, add.g);
    light_channel(&layer.gain_b[begin], &layer.add_b[begin], amount, count, gain.b, add.b);
}

}  // namespace stillreel::animatic
