// The tensors of goldens, which lie channels first as in the reference, as ours, which lie channels last; and
// the weights that a case was made with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/golden.h"
#include "tensor/ops.h"

namespace stillreel::testing {

/// The folder of the published kind that the case's weights are in.
inline std::filesystem::path model_folder(const std::filesystem::path& golden_case, const Golden& golden) {
    return golden_case.parent_path().parent_path() / golden.about.at("model").get<std::string>();
}

/// Numbers [N, C, ...] with the dimensions behind C moved before it, or back.
enum class Channels { to_last, to_first };
inline std::vector<float> with_channels(const std::vector<float>& numbers, std::int64_t images,
                                        std::int64_t channels, Channels place) {
    const std::int64_t pixels = static_cast<std::int64_t>(numbers.size()) / (images * channels);
    std::vector<float> moved(numbers.size());
    for (std::int64_t n = 0; n < images; ++n)
        for (std::int64_t c = 0; c < channels; ++c)
            for (std::int64_t p = 0; p < pixels; ++p) {
                const std::int64_t first = (n * channels + c) * pixels + p;
                const std::int64_t last = (n * pixels + p) * channels + c;
                if (place == Channels::to_last)
                    moved[last] = numbers[first];
                else
                    moved[first] = numbers[last];
            }
    return moved;
}

/// A golden [N, C, H, W] as a tensor [N, H, W, C].
inline tensor::Tensor image_tensor(tensor::Ops& ops, const GoldenTensor& golden) {
    const std::vector<std::int64_t>& s = golden.shape;
    return ops.upload({s.at(0), s.at(2), s.at(3), s.at(1)},
                      with_channels(golden.floats(), s[0], s[1], Channels::to_last));
}

/// A tensor [N, ..., C] as the numbers of a golden [N, C, ...].
inline std::vector<float> channels_first(const tensor::Tensor& x) {
    return with_channels({x.span().begin(), x.span().end()}, x.shape()[0], x.shape()[-1], Channels::to_first);
}

}  // namespace stillreel::testing
