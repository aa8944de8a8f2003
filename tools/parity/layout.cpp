#include "layout.h"

#include "base/error.h"
#include "diffusion/latent_layout.h"

namespace stillreel::parity {

tensor::Tensor images_of(tensor::Ops& ops, const Numbers& numbers) {
    const tensor::Shape& s = numbers.shape;
    if (s.rank() != 4 && s.rank() != 5)
        throw Error(ErrorCode::corrupt_data, "an image tensor of shape " + to_string(s));
    const std::int64_t frames = s.rank() == 5 ? s[2] : 1;
    return ops.upload({s[0] * frames, s[-2], s[-1], s[1]},
                      diffusion::channels_last(numbers.floats(), s[0], s[1]));
}

tensor::Tensor tensor_of(tensor::Ops& ops, const Numbers& numbers) {
    return ops.upload(numbers.shape, numbers.floats());
}

image::Image picture_of(const Numbers& numbers) {
    image::Image picture(static_cast<int>(numbers.shape[1]), static_cast<int>(numbers.shape[0]), 3);
    picture.pixels.assign(numbers.values.begin(), numbers.values.end());
    return picture;
}

std::vector<float> channels_first(const tensor::Tensor& images) { return clips_channels_first(images, 1); }

std::vector<float> clips_channels_first(const tensor::Tensor& images, std::int64_t frames) {
    const tensor::Shape& s = images.shape();
    return diffusion::channels_first(images.span(), s[0] / frames, s[-1]);
}

}  // namespace stillreel::parity
