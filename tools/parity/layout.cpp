#include "layout.h"

#include "base/error.h"

namespace stillreel::parity {
namespace {

/// [batch, channels, frames, pixels] to [batch, frames, pixels, channels], or the other way round.
struct Clip {
    std::int64_t batch, channels, frames, pixels;

    std::size_t first(std::int64_t b, std::int64_t c, std::int64_t f, std::int64_t p) const {
        return static_cast<std::size_t>(((b * channels + c) * frames + f) * pixels + p);
    }
    std::size_t last(std::int64_t b, std::int64_t c, std::int64_t f, std::int64_t p) const {
        return static_cast<std::size_t>(((b * frames + f) * pixels + p) * channels + c);
    }
    template <class Move>
    void each(Move move) const {
        for (std::int64_t b = 0; b < batch; ++b)
            for (std::int64_t c = 0; c < channels; ++c)
                for (std::int64_t f = 0; f < frames; ++f)
                    for (std::int64_t p = 0; p < pixels; ++p) move(first(b, c, f, p), last(b, c, f, p));
    }
};

}  // namespace

tensor::Tensor images_of(tensor::Ops& ops, const Numbers& numbers) {
    const tensor::Shape& s = numbers.shape;
    if (s.rank() != 4 && s.rank() != 5)
        throw Error(ErrorCode::corrupt_data, "an image tensor of shape " + to_string(s));
    const std::int64_t frames = s.rank() == 5 ? s[2] : 1;
    const Clip clip{s[0], s[1], frames, s[-2] * s[-1]};
    std::vector<float> moved(numbers.values.size());
    clip.each(
        [&](std::size_t from, std::size_t to) { moved[to] = static_cast<float>(numbers.values[from]); });
    return ops.upload({s[0] * frames, s[-2], s[-1], s[1]}, moved);
}

tensor::Tensor tensor_of(tensor::Ops& ops, const Numbers& numbers) {
    return ops.upload(numbers.shape, numbers.floats());
}

std::vector<float> channels_first(const tensor::Tensor& images) { return clips_channels_first(images, 1); }

std::vector<float> clips_channels_first(const tensor::Tensor& images, std::int64_t frames) {
    const tensor::Shape& s = images.shape();
    const Clip clip{s[0] / frames, s[-1], frames, s[1] * s[2]};
    const std::span<const float> numbers = images.span();
    std::vector<float> moved(numbers.size());
    clip.each([&](std::size_t to, std::size_t from) { moved[to] = numbers[from]; });
    return moved;
}

}  // namespace stillreel::parity
