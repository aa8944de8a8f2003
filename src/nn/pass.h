// What every layer is handed on a forward pass.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>

#include "tensor/ops.h"

namespace stillreel::nn {

using tensor::Ops;
using tensor::Tensor;

/// How much a layer does at once. 0: everything. Less memory, the same numbers.
struct Chunking {
    std::int64_t images = 0;  // of layers that treat every frame by itself
    std::int64_t tokens = 0;  // of feed-forwards and of attention over frames

    /// An eighth at a time of a clip of `images` images of `pixels` pixels each: for large clips in little
    /// memory.
    static Chunking low_memory(std::int64_t images, std::int64_t pixels) {
        constexpr std::int64_t kParts = 8, kFewestTokens = 256;
        return {std::max<std::int64_t>(1, images / kParts),
                std::max(kFewestTokens, images * pixels / kParts)};
    }
};

struct ImageSize {
    std::int64_t height;
    std::int64_t width;
    friend bool operator==(const ImageSize&, const ImageSize&) = default;
};

/// Called with a part's checkpoint name and its output; for parity and debugging.
using Tap = std::function<void(std::string_view part, const Tensor& output)>;

struct Pass {
    Ops& ops;
    std::int64_t frames = 1;  // of one clip: images = clips * frames, clip by clip
    Chunking chunking = {};
    Tap tap = {};
    /// Of the tokens of an image so many are merged into others like them while attention within the image
    /// looks at them (tensor/token_merging.h): 0 to 0.75.
    double merged_tokens = 0;

    void show(std::string_view part, const Tensor& output) const {
        if (tap) tap(part, output);
    }
};

}  // namespace stillreel::nn
