#include "tensor/cpu/norms.h"

#include <algorithm>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/norms.cpp"
#include <hwy/foreach_target.h>  // before the others
#include <hwy/highway.h>

#include "tensor/cpu/vector_math-inl.h"

#ifndef STILLREEL_TENSOR_NORMS_TYPES
#define STILLREEL_TENSOR_NORMS_TYPES
namespace stillreel::tensor {

/// Of each channel over some rows: a centre near the mean, and deviations from it, summed.
struct ChannelSums {
    float* centre;  // [channels] each
    float* sum;
    float* squares;
};

/// y = act((x - centre) * scale + offset), channel by channel.
struct ChannelMap {
    const float* centre;
    const float* scale;
    const float* offset;
};

}  // namespace stillreel::tensor
#endif

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {

using Floats = hn::ScalableTag<float>;
using V = hn::Vec<Floats>;

/// work(channel, load, store) for every vector of channels; the last one is loaded and stored in part.
template <class Work>
HWY_INLINE void for_vectors(std::int64_t channels, const Work& work) {
    const Floats d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t c = 0;
    for (; c + lanes <= channels; c += lanes)
        work(
            c, [d](const float* p) { return hn::LoadU(d, p); }, [d](V v, float* p) { hn::StoreU(v, d, p); });
    if (c == channels) return;
    const std::int64_t rest = channels - c;
    work(
        c, [d, rest](const float* p) { return load_first(d, p, rest); },
        [d, rest](V v, float* p) { store_first(d, v, p, rest); });
}

void SumChannels(const float* x, std::int64_t rows, std::int64_t channels, const ChannelSums& out) {
    const Floats d;
    // Row by row, as memory is read fastest; the second time the numbers are in the cache.
    std::fill_n(out.centre, channels, 0.0f);
    for (std::int64_t row = 0; row < rows; ++row)
        for_vectors(channels, [&](std::int64_t c, const auto& load, const auto& store) {
            store(hn::Add(load(out.centre + c), load(x + row * channels + c)), out.centre + c);
        });
    const V share = hn::Set(d, 1 / static_cast<float>(rows));
    for_vectors(channels, [&](std::int64_t c, const auto& load, const auto& store) {
        const V centre = hn::Mul(load(out.centre + c), share);
        V sum = hn::Zero(d), squares = hn::Zero(d);
        for (std::int64_t row = 0; row < rows; ++row) {
            const V deviation = hn::Sub(load(x + row * channels + c), centre);
            sum = hn::Add(sum, deviation);
            squares = hn::MulAdd(deviation, deviation, squares);
        }
        store(centre, out.centre + c);
        store(sum, out.sum + c);
        store(squares, out.squares + c);
    });
}

template <bool kSilu>
HWY_INLINE void map_rows(const float* x, std::int64_t rows, std::int64_t channels, const ChannelMap& map,
                         float* y) {
    const Floats d;
    for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels)
        for_vectors(channels, [&](std::int64_t c, const auto& load, const auto& store) {
            const V difference = hn::Sub(load(x + c), load(map.centre + c));
            V v = hn::MulAdd(difference, load(map.scale + c), load(map.offset + c));
            if constexpr (kSilu) v = silu_of(d, v);
            store(v, y + c);
        });
}

void MapRows(const float* x, std::int64_t rows, std::int64_t channels, const ChannelMap& map,
             Activation activation, float* y) {
    if (activation == Activation::silu)
        map_rows<true>(x, rows, channels, map, y);
    else
        map_rows<false>(x, rows, channels, map, y);
}

// Numbers that are summed in float, lane by lane, before they go on in double.
constexpr std::int64_t kFloatSum = 64 * hn::MaxLanes(Floats());

/// Sum of f over the vectors of [0, count), piece by piece in double.
template <class F>
HWY_INLINE double sum_of(std::int64_t count, const F& f) {
    const Floats d;
    double total = 0;
    for (std::int64_t begin = 0; begin < count; begin += kFloatSum) {
        V sum = hn::Zero(d);
        for_vectors(std::min(count - begin, kFloatSum), [&](std::int64_t i, const auto& load, const auto&) {
            sum = hn::Add(sum, f(begin + i, load));
        });
        total += hn::GetLane(hn::SumOfLanes(d, sum));
    }
    return total;
}

void LayerNormRow(const LayerNormArgs& args, std::int64_t row) {
    const Floats d;
    const float* x = args.x + row * args.features;
    float* y = args.y + row * args.features;
    const double count = static_cast<double>(args.features);
    // The mean to float's precision first; what it missed is found among the small deviations.
    const float centre = static_cast<float>(
        sum_of(args.features, [&](std::int64_t i, const auto& load) { return load(x + i); }) / count);
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const auto deviation = [&](std::int64_t i, const auto& load) {
        const V v = hn::Sub(load(x + i), hn::Set(d, centre));
        // Beyond the end of the row the loads give zeros, which are no deviations.
        const std::int64_t left = args.features - i;
        return left >= lanes ? v : hn::IfThenElseZero(hn::FirstN(d, static_cast<std::size_t>(left)), v);
    };
    const double missed = sum_of(args.features, deviation) / count;
    const double squares = sum_of(args.features, [&](std::int64_t i, const auto& load) {
        const V v = deviation(i, load);
        return hn::Mul(v, v);
    });
    const double variance = std::max(0.0, squares / count - missed * missed);
    const double scale = 1 / std::sqrt(variance + args.epsilon);
    const V scales = hn::Set(d, static_cast<float>(scale));
    const V shift = hn::Set(d, static_cast<float>(-missed * scale));
    for_vectors(args.features, [&](std::int64_t i, const auto& load, const auto& store) {
        const V normal = hn::MulAdd(hn::Sub(load(x + i), hn::Set(d, centre)), scales, shift);
        store(hn::MulAdd(normal, load(args.gamma + i), load(args.beta + i)), y + i);
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {

HWY_EXPORT(SumChannels);
HWY_EXPORT(MapRows);
HWY_EXPORT(LayerNormRow);

// One thread's piece, which stays in the second cache; of few channels no more rows than their deviations can
// be summed in float.
constexpr std::int64_t kPieceFloats = 32768;
constexpr std::int64_t kPieceRows = 256;
// Domains that are summed before the first of them is normalised: they are in the last cache when read again.
constexpr std::int64_t kTogetherFloats = std::int64_t{1} << 20;

/// Count, mean and squared deviations from the mean of some numbers.
struct Moments {
    double count = 0, mean = 0, squares = 0;

    /// Both together (Chan, Golub and LeVeque 1979).
    void merge(const Moments& other) {
        const double both = count + other.count;
        if (both == 0) return;
        const double apart = other.mean - mean;
        mean += apart * other.count / both;
        squares += other.squares + apart * apart * count * other.count / both;
        count = both;
    }
};

/// Sums of all channels over some rows.
struct RowSums {
    std::vector<float> centre, sum, squares;

    explicit RowSums(std::int64_t channels)
        : centre(static_cast<std::size_t>(channels)), sum(centre.size()), squares(centre.size()) {}

    /// Of channels [begin, end) together, after `rows` rows.
    Moments moments(std::int64_t begin, std::int64_t end, double rows) const {
        const double share = 1 / rows, channels = static_cast<double>(end - begin);
        double mean = 0, within = 0, between = 0;
        for (std::int64_t c = begin; c < end; ++c) {
            const double missed = sum[c] * share;
            mean += centre[c] + missed;
            within += squares[c] - missed * sum[c];
        }
        mean /= channels;
        for (std::int64_t c = begin; c < end; ++c) {
            const double apart = centre[c] + sum[c] * share - mean;
            between += apart * apart;
        }
        return {rows * channels, mean, within + rows * between};
    }
};

/// Of every group, over `rows` rows of x.
void moments_of_rows(const GroupNormArgs& args, const float* x, std::int64_t rows, Moments* moments) {
    const std::int64_t width = args.channels / args.groups;
    RowSums sums(args.channels);
    HWY_DYNAMIC_DISPATCH(SumChannels)
    (x, rows, args.channels, {sums.centre.data(), sums.sum.data(), sums.squares.data()});
    for (int group = 0; group < args.groups; ++group)
        moments[group] = sums.moments(group * width, (group + 1) * width, static_cast<double>(rows));
}

/// What a domain's moments make of its channels.
struct Coefficients {
    std::vector<float> centre, scale, offset;

    explicit Coefficients(std::int64_t channels)
        : centre(static_cast<std::size_t>(channels)), scale(centre.size()), offset(centre.size()) {}
    ChannelMap map() const { return {centre.data(), scale.data(), offset.data()}; }

    /// Of channels [begin, end), which are a group.
    void set(const GroupNormArgs& args, std::int64_t begin, std::int64_t end, const Moments& moments) {
        const double variance = std::max(0.0, moments.squares / moments.count);
        const double inverse = 1 / std::sqrt(variance + args.epsilon);
        const float rounded = static_cast<float>(moments.mean);
        const double rest = moments.mean - rounded;
        for (std::int64_t c = begin; c < end; ++c) {
            const double factor = args.gamma[c] * inverse;
            centre[c] = rounded;
            scale[c] = static_cast<float>(factor);
            offset[c] = static_cast<float>(args.beta[c] - rest * factor);
        }
    }
};

/// How the rows of x fall into domains of statistics, and these into pieces of work.
struct Pieces {
    std::int64_t domain_rows, piece_rows, per_domain;

    explicit Pieces(const GroupNormArgs& args)
        : domain_rows(args.images_per_group * args.pixels),
          piece_rows(std::clamp<std::int64_t>(kPieceFloats / args.channels, 1, kPieceRows)),
          per_domain((domain_rows + piece_rows - 1) / piece_rows) {}
    std::int64_t begin(std::int64_t piece) const {
        return piece / per_domain * domain_rows + piece % per_domain * piece_rows;
    }
    std::int64_t rows(std::int64_t piece) const {
        return std::min(piece_rows, domain_rows - piece % per_domain * piece_rows);
    }
};

/// Domains [first, first + count).
void normalise(Crew& crew, const GroupNormArgs& args, const Pieces& pieces, std::int64_t first,
               std::int64_t count) {
    const std::int64_t first_piece = first * pieces.per_domain;
    std::vector<Moments> partial(static_cast<std::size_t>(count * pieces.per_domain * args.groups));
    crew.for_each(count * pieces.per_domain, [&](std::int64_t task) {
        const std::int64_t piece = first_piece + task;
        moments_of_rows(args, args.x + pieces.begin(piece) * args.channels, pieces.rows(piece),
                        partial.data() + task * args.groups);
    });

    const std::int64_t width = args.channels / args.groups;
    std::vector<Coefficients> coefficients(static_cast<std::size_t>(count), Coefficients(args.channels));
    for (std::int64_t domain = 0; domain < count; ++domain)
        for (int group = 0; group < args.groups; ++group) {
            Moments moments;
            for (std::int64_t piece = 0; piece < pieces.per_domain; ++piece)
                moments.merge(partial[(domain * pieces.per_domain + piece) * args.groups + group]);
            coefficients[domain].set(args, group * width, (group + 1) * width, moments);
        }

    const auto kernel = HWY_DYNAMIC_DISPATCH(MapRows);
    crew.for_each(count * pieces.per_domain, [&](std::int64_t task) {
        const std::int64_t piece = first_piece + task, at = pieces.begin(piece) * args.channels;
        kernel(args.x + at, pieces.rows(piece), args.channels, coefficients[task / pieces.per_domain].map(),
               args.activation, args.y + at);
    });
}

}  // namespace

void group_norm(Crew& crew, const GroupNormArgs& args) {
    const Pieces pieces(args);
    const std::int64_t domains = args.images / args.images_per_group;
    const std::int64_t domain_floats = pieces.domain_rows * args.channels;
    if (domain_floats == 0) return;
    const std::int64_t together = std::max<std::int64_t>(1, kTogetherFloats / domain_floats);
    for (std::int64_t first = 0; first < domains; first += together)
        normalise(crew, args, pieces, first, std::min(together, domains - first));
}

void layer_norm(Crew& crew, const LayerNormArgs& args) {
    const auto kernel = HWY_DYNAMIC_DISPATCH(LayerNormRow);
    const std::int64_t rows = std::max<std::int64_t>(1, kPieceFloats / args.features);
    crew.for_each_piece(args.rows, rows, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) kernel(args, row);
    });
}

}  // namespace stillreel::tensor
#endif
