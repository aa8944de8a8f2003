#include "nn/resnet_block.h"

#include "base/check.h"
#include "nn/chunks.h"

namespace stillreel::nn {
namespace {

using tensor::Activation;
using tensor::Window;

}  // namespace

ResnetBlock::ResnetBlock(const WeightScope& w, const ResnetConfig& config)
    : norm1_(w / "norm1", {config.in, config.groups, config.epsilon}),
      conv1_(w / "conv1", config.in, config.out, Window::same3x3()),
      norm2_(w / "norm2", {config.out, config.groups, config.epsilon}),
      conv2_(w / "conv2", config.out, config.out, Window::same3x3()) {
    if (config.embedding) time_emb_proj_.emplace(w / "time_emb_proj", config.embedding, config.out);
    if (config.in != config.out) conv_shortcut_.emplace(w / "conv_shortcut", config.in, config.out);
}

Tensor ResnetBlock::operator()(const Pass& pass, Tensor x, const Tensor& embedding) const {
    return joined(pass, std::move(x), {}, embedding);
}

Tensor ResnetBlock::joined(const Pass& pass, Tensor x, Tensor skip, const Tensor& embedding) const {
    const std::int64_t images = x.shape()[0];
    Tensor shift;
    if (time_emb_proj_) shift = (*time_emb_proj_)(pass.ops, embedding);
    const std::int64_t period = shift.empty() ? images : images / shift.shape()[0];
    return in_chunks(pass.ops, std::move(x), pass.chunking.images, period,
                     [&](Tensor part, std::int64_t begin) {
                         const std::int64_t count = part.shape()[0];
                         if (!skip.empty()) part = pass.ops.concat_channels(part, skip.slice(begin, count));
                         if (count == images) skip = Tensor();
                         return some(pass.ops, std::move(part),
                                     shift.empty() ? shift : rows_of_images(shift, images, begin, count));
                     });
}

/// `shift` [R, out] is added to what conv1 gives, or empty.
Tensor ResnetBlock::some(Ops& ops, Tensor x, const Tensor& shift) const {
    // The shortcut goes first: the input is then not needed again and is normalised where it lies.
    Tensor residual = conv_shortcut_ ? (*conv_shortcut_)(ops, x) : x;
    Tensor h = norm1_(ops, std::move(x), 1, Activation::silu);
    h = conv1_(ops, h, {.per_image = shift.empty() ? nullptr : &shift});
    h = norm2_(ops, std::move(h), 1, Activation::silu);
    return conv2_(ops, h, {.residual = std::move(residual)});
}

Downsample::Downsample(const WeightScope& w, std::int64_t channels, const Window& window)
    : conv_(w / "conv", channels, channels, window) {}

Tensor Downsample::operator()(const Pass& pass, const Tensor& x) const { return conv_(pass.ops, x); }

Upsample::Upsample(const WeightScope& w, std::int64_t channels, Sizes sizes)
    : upsampling_conv_(w / "conv", channels, channels, Window::upsampled3x3()) {
    if (sizes == Sizes::any) conv_.emplace(w / "conv", channels, channels, Window::same3x3());
}

Tensor Upsample::operator()(const Pass& pass, Tensor x, std::optional<ImageSize> size) const {
    const ImageSize twice{2 * x.shape()[1], 2 * x.shape()[2]}, to = size.value_or(twice);
    const std::int64_t images = x.shape()[0];
    return in_chunks(pass.ops, std::move(x), pass.chunking.images, images, [&](Tensor part, std::int64_t) {
        if (to == twice) return upsampling_conv_(pass.ops, part);
        STILLREEL_CHECK(conv_.has_value());
        Tensor larger = pass.ops.upsample_nearest(part, to.height, to.width);
        part = Tensor();
        return (*conv_)(pass.ops, larger);
    });
}

}  // namespace stillreel::nn
