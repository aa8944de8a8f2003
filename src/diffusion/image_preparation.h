// From the user's picture to the numbers that CLIP's image tower and the VAE read, byte for byte as
// diffusers' I2VGenXLPipeline makes them (its helpers _center_crop_wide and _resize_bilinear,
// VaeImageProcessor and transformers' CLIPImageProcessor).
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace stillreel::diffusion {

/// What the reference pipeline uses of preprocessor_config.json; it does resizing, cropping and rescaling by
/// itself, whatever the file says about them.
struct ClipPreprocessing {
    image::Size size{224, 224};  // "crop_size"
    std::array<float, 3> mean{0.48145466f, 0.4578275f, 0.40821073f};
    std::array<float, 3> deviation{0.26862954f, 0.26130258f, 0.27577711f};
};
/// Reads preprocessor_config.json with CLIPImageProcessor's defaults. Throws corrupt_data.
ClipPreprocessing parse_clip_preprocessing(std::string_view json);

struct PreparedPicture {
    image::Image square;             // width x width, for CLIP
    image::Image clip_image;         // `square` at CLIP's size
    std::vector<float> clip_pixels;  // [clip, clip, 3], normalised
    image::Image crop;               // the clip's size
    std::vector<float> vae_pixels;   // [height, width, 3] in [-1, 1]
};

/// `picture` is RGB (CHECKed), `clip` the clip's size in pixels. Throws invalid_argument for a picture that
/// is so much longer than the clip's shape that its scaled form would not fit into memory.
PreparedPicture prepare_picture(const image::Image& picture, image::Size clip,
                                const ClipPreprocessing& preprocessing);

}  // namespace stillreel::diffusion
