// Doing a layer a part at a time, so that what it needs on the way is only as large as a part.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "nn/pass.h"

namespace stillreel::nn {

/// Results of layer(part, begin) one after another, for parts x.slice(begin, count) of at most `limit`
/// entries of the first dimension (0: x itself, once) that do not cross a multiple of `period`. Results that
/// fit into x's memory go there when nobody else needs it.
template <class Layer>
Tensor in_chunks(Ops& ops, Tensor x, std::int64_t limit, std::int64_t period, Layer layer) {
    const std::int64_t total = x.shape()[0];
    if (limit <= 0 || limit >= total) return layer(std::move(x), std::int64_t{0});
    const std::int64_t entry = x.elements() / total;
    std::vector<std::int64_t> dims;
    Tensor apart;
    for (std::int64_t begin = 0; begin < total;) {
        const std::int64_t count = std::min({limit, total - begin, period - begin % period});
        const Tensor part = layer(x.slice(begin, count), begin);
        if (begin == 0) {
            dims.assign(part.shape().dims().begin(), part.shape().dims().end());
            dims[0] = total;
            if (!x.sole_owner() || part.elements() != count * entry) apart = ops.empty(tensor::Shape(dims));
        }
        ops.put_images(apart.empty() ? x : apart, begin, part);
        begin += count;
    }
    return (apart.empty() ? x : apart).reshaped(tensor::Shape(dims));
}

/// The rows of `rows` [R, ...] that belong to images begin ... begin + count - 1 of N, where R divides N and
/// neighbouring images share a row. The images lie within one row, or fill whole rows.
inline Tensor rows_of_images(const Tensor& rows, std::int64_t images, std::int64_t begin,
                             std::int64_t count) {
    const std::int64_t per_row = images / rows.shape()[0];
    return rows.slice(begin / per_row, std::max<std::int64_t>(1, count / per_row));
}

}  // namespace stillreel::nn
