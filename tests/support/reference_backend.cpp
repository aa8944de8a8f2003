#include "support/reference_backend.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "tensor/token_merging.h"

namespace stillreel::testing {
namespace {

using namespace tensor;

double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }

double activated(Activation activation, double x) {
    switch (activation) {
        case Activation::none:
            return x;
        case Activation::silu:
            return x / (1 + std::exp(-x));
        case Activation::gelu:
            return gelu(x);
        case Activation::quick_gelu:
            return x / (1 + std::exp(-1.702 * x));
    }
    return x;
}

/// rows[(tap * inputs + input) * sums + output]; with geglu there are twice as many sums as outputs.
struct ReferencePacked final : Packed {
    std::vector<double> rows;
    std::vector<double> biases;
};

std::vector<float> floats_of(const WeightData& weight) {
    std::vector<float> floats(static_cast<std::size_t>(weight.shape.elements()));
    read_floats(weight, 0, floats);
    return floats;
}

/// x W + b where the window's top left corner is at (top, left) of the image, before any gate.
std::vector<double> sums_at(const ReferencePacked& packed, const ProductArgs& args, const float* image,
                            std::int64_t top, std::int64_t left) {
    std::vector<double> sums = packed.biases;
    const std::size_t count = sums.size();
    for (int kh = 0; kh < packed.window.kernel_h; ++kh)
        for (int kw = 0; kw < packed.window.kernel_w; ++kw) {
            const std::int64_t row = top + kh, column = left + kw;
            const int scale = packed.window.upsample;
            if (row < 0 || row >= args.height * scale || column < 0 || column >= args.width * scale) continue;
            const float* x = image + (row / scale * args.width + column / scale) * packed.inputs;
            const std::int64_t tap = kh * packed.window.kernel_w + kw;
            for (std::int64_t i = 0; i < packed.inputs; ++i) {
                const double* weights = packed.rows.data() + (tap * packed.inputs + i) * count;
                for (std::size_t o = 0; o < count; ++o) sums[o] += x[i] * weights[o];
            }
        }
    return sums;
}

/// Attention of one query over `tokens` keys and values; row(t) is where token t stands in k and v.
template <class Row>
void attend(const float* q, const TokenColumns& k, const TokenColumns& v, std::int64_t column, int head_size,
            std::int64_t tokens, Row row, float* y) {
    std::vector<double> scores(static_cast<std::size_t>(tokens));
    double greatest = -std::numeric_limits<double>::infinity();
    for (std::int64_t t = 0; t < tokens; ++t) {
        const float* key = k.data + row(t) * k.row_stride + column;
        double dot = 0;
        for (int i = 0; i < head_size; ++i) dot += static_cast<double>(q[i]) * key[i];
        scores[t] = dot / std::sqrt(static_cast<double>(head_size));
        greatest = std::max(greatest, scores[t]);
    }
    double total = 0;
    for (double& score : scores) total += score = std::exp(score - greatest);
    std::vector<double> sums(static_cast<std::size_t>(head_size), 0.0);
    for (std::int64_t t = 0; t < tokens; ++t) {
        const float* value = v.data + row(t) * v.row_stride + column;
        for (int i = 0; i < head_size; ++i) sums[i] += scores[t] / total * value[i];
    }
    for (int i = 0; i < head_size; ++i) y[i] = static_cast<float>(sums[i]);
}

struct Moments {
    double mean = 0;
    double inverse_deviation = 0;
};

/// Of the numbers that each(visit) visits.
template <class Each>
Moments moments_of(Each each, double count, double epsilon) {
    double sum = 0, squares = 0;
    each([&](double x) { sum += x; });
    const double mean = sum / count;
    each([&](double x) { squares += (x - mean) * (x - mean); });
    return {mean, 1 / std::sqrt(squares / count + epsilon)};
}

double cosine(const float* a, const float* b, std::int64_t count) {
    double product = 0, of_a = 0, of_b = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        product += static_cast<double>(a[i]) * b[i];
        of_a += static_cast<double>(a[i]) * a[i];
        of_b += static_cast<double>(b[i]) * b[i];
    }
    return of_a > 0 && of_b > 0 ? product / std::sqrt(of_a * of_b) : 0;
}

class ReferenceBackend final : public Backend {
  public:
    bool computes() const override { return true; }

    std::shared_ptr<Packed> pack(const PackRequest& request) override {
        auto packed = std::make_shared<ReferencePacked>();
        std::int64_t sums = 0;
        for (const WeightData& weight : request.weights) sums += weight.shape[0];
        const std::int64_t taps = std::int64_t{request.window.kernel_h} * request.window.kernel_w;
        const std::int64_t inputs =
            request.weights[0].shape.elements() / (request.weights[0].shape[0] * taps);
        packed->rows.resize(static_cast<std::size_t>(taps * inputs * sums));
        packed->biases.resize(static_cast<std::size_t>(sums), 0.0);
        std::int64_t output = 0;
        for (const WeightData& weight : request.weights) {
            const std::vector<float> floats = floats_of(weight);
            for (std::int64_t o = 0; o < weight.shape[0]; ++o, ++output)
                for (std::int64_t i = 0; i < inputs; ++i)
                    for (std::int64_t tap = 0; tap < taps; ++tap)
                        packed->rows[(tap * inputs + i) * sums + output] =
                            floats[(o * inputs + i) * taps + tap];
        }
        auto bias = packed->biases.begin();
        for (const WeightData& part : request.biases) bias = std::ranges::copy(floats_of(part), bias).out;
        packed->bytes = (packed->rows.size() + packed->biases.size()) * sizeof(double);
        return packed;
    }

    void product(const ProductArgs& args) override {
        const auto& packed = static_cast<const ReferencePacked&>(*args.weights);
        const Window& window = packed.window;
        const std::int64_t out_h = window.out_h(args.height), out_w = window.out_w(args.width);
        for (std::int64_t n = 0; n < args.images; ++n)
            for (std::int64_t h = 0; h < out_h; ++h)
                for (std::int64_t w = 0; w < out_w; ++w) {
                    const std::vector<double> sums =
                        sums_at(packed, args, args.x + n * args.height * args.width * packed.inputs,
                                h * window.stride - window.top, w * window.stride - window.left);
                    const std::int64_t at = ((n * out_h + h) * out_w + w) * packed.outputs;
                    for (std::int64_t o = 0; o < packed.outputs; ++o) {
                        double sum = sums[o];
                        if (packed.gate == Gate::geglu) sum *= gelu(sums[packed.outputs + o]);
                        if (args.per_image)
                            sum += args.per_image[n / args.images_per_row * packed.outputs + o];
                        sum = activated(args.activation, sum);
                        if (args.residual) sum += args.residual[at + o];
                        args.y[at + o] = static_cast<float>(sum);
                    }
                }
    }

    void group_norm(const GroupNormArgs& args) override {
        const std::int64_t width = args.channels / args.groups;
        const std::int64_t rows = args.images_per_group * args.pixels;
        for (std::int64_t first = 0; first < args.images * args.pixels; first += rows)
            for (int group = 0; group < args.groups; ++group) {
                const auto each = [&](auto visit) {
                    for (std::int64_t row = first; row < first + rows; ++row)
                        for (std::int64_t c = group * width; c < (group + 1) * width; ++c)
                            visit(args.x[row * args.channels + c]);
                };
                const Moments moments = moments_of(each, static_cast<double>(rows * width), args.epsilon);
                for (std::int64_t row = first; row < first + rows; ++row)
                    for (std::int64_t c = group * width; c < (group + 1) * width; ++c) {
                        const std::int64_t at = row * args.channels + c;
                        const double x = (args.x[at] - moments.mean) * moments.inverse_deviation;
                        args.y[at] =
                            static_cast<float>(activated(args.activation, x * args.gamma[c] + args.beta[c]));
                    }
            }
    }

    void layer_norm(const LayerNormArgs& args) override {
        for (std::int64_t row = 0; row < args.rows; ++row) {
            const float* x = args.x + row * args.features;
            float* y = args.y + row * args.features;
            const auto each = [&](auto visit) { std::for_each(x, x + args.features, visit); };
            const Moments moments = moments_of(each, static_cast<double>(args.features), args.epsilon);
            for (std::int64_t i = 0; i < args.features; ++i)
                y[i] = static_cast<float>((x[i] - moments.mean) * moments.inverse_deviation * args.gamma[i] +
                                          args.beta[i]);
        }
    }

    void attention(const AttentionArgs& args) override {
        const std::int64_t width = std::int64_t{args.heads} * args.head_size;
        for (std::int64_t b = 0; b < args.batch; ++b)
            for (std::int64_t t = 0; t < args.q_tokens; ++t)
                for (int head = 0; head < args.heads; ++head) {
                    const std::int64_t row = b * args.q_tokens + t, column = head * args.head_size;
                    const std::int64_t first = b / args.batch_per_context * args.k_tokens;
                    const std::int64_t seen =
                        args.mask == Mask::causal ? std::min(t + 1, args.k_tokens) : args.k_tokens;
                    attend(
                        args.q.data + row * args.q.row_stride + column, args.k, args.v, column,
                        args.head_size, seen, [first](std::int64_t key) { return first + key; },
                        args.y + row * width + column);
                }
    }

    void temporal_attention(const TemporalAttentionArgs& args) override {
        const std::int64_t width = std::int64_t{args.heads} * args.head_size;
        for (std::int64_t b = 0; b < args.batch; ++b)
            for (std::int64_t f = 0; f < args.frames; ++f)
                for (std::int64_t s = 0; s < args.pixels; ++s)
                    for (int head = 0; head < args.heads; ++head) {
                        const auto row_of = [&](std::int64_t frame) {
                            return (b * args.frames + frame) * args.pixels + s;
                        };
                        const std::int64_t column = head * args.head_size;
                        attend(args.q.data + row_of(f) * args.q.row_stride + column, args.k, args.v, column,
                               args.head_size, args.frames, row_of, args.y + row_of(f) * width + column);
                    }
    }

    void upsample_nearest(const ImageArgs& args) override {
        for (std::int64_t n = 0; n < args.images; ++n)
            for (std::int64_t h = 0; h < args.out_h; ++h)
                for (std::int64_t w = 0; w < args.out_w; ++w) {
                    const std::int64_t row = h * args.in_h / args.out_h, column = w * args.in_w / args.out_w;
                    std::copy_n(args.x + ((n * args.in_h + row) * args.in_w + column) * args.channels,
                                args.channels,
                                args.y + ((n * args.out_h + h) * args.out_w + w) * args.channels);
                }
    }

    void adaptive_average_pool(const ImageArgs& args) override {
        const auto begin = [](std::int64_t i, std::int64_t in, std::int64_t out) { return i * in / out; };
        const auto end = [](std::int64_t i, std::int64_t in, std::int64_t out) {
            return ((i + 1) * in + out - 1) / out;
        };
        for (std::int64_t n = 0; n < args.images; ++n)
            for (std::int64_t h = 0; h < args.out_h; ++h)
                for (std::int64_t w = 0; w < args.out_w; ++w)
                    for (std::int64_t c = 0; c < args.channels; ++c) {
                        double sum = 0, count = 0;
                        for (auto row = begin(h, args.in_h, args.out_h); row < end(h, args.in_h, args.out_h);
                             ++row)
                            for (auto column = begin(w, args.in_w, args.out_w);
                                 column < end(w, args.in_w, args.out_w); ++column, ++count)
                                sum +=
                                    args.x[((n * args.in_h + row) * args.in_w + column) * args.channels + c];
                        args.y[((n * args.out_h + h) * args.out_w + w) * args.channels + c] =
                            static_cast<float>(sum / count);
                    }
    }

    void activate(Activation activation, std::int64_t count, const float* x, float* y) override {
        for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(activated(activation, x[i]));
    }

    void add(std::int64_t count, std::int64_t period, const float* a, const float* b, float* y) override {
        for (std::int64_t i = 0; i < count; ++i) y[i] = a[i] + b[i % period];
    }

    void copy_rows(std::int64_t rows, std::int64_t width, const float* from, std::int64_t from_stride,
                   float* to, std::int64_t to_stride) override {
        for (std::int64_t row = 0; row < rows; ++row)
            std::copy_n(from + row * from_stride, width, to + row * to_stride);
    }

    void match_tokens(const MatchArgs& args) override {
        const auto destinations = tensor::destinations_of(args.height, args.width);
        const auto sources = tensor::sources_of(args.height, args.width);
        const std::int64_t tokens = args.height * args.width;
        for (std::int64_t n = 0; n < args.images; ++n) {
            const float* x = args.x + n * tokens * args.channels;
            float* slots = args.slots + n * tokens;
            struct Pair {
                double likeness;
                std::size_t destination;
                std::int64_t source;
            };
            std::vector<Pair> pairs;
            for (const std::int64_t source : sources) {
                Pair best{-HUGE_VAL, 0, source};
                for (std::size_t d = 0; d < destinations.size(); ++d) {
                    const double likeness = cosine(x + source * args.channels,
                                                   x + destinations[d] * args.channels, args.channels);
                    if (likeness > best.likeness) best = {likeness, d, source};
                }
                pairs.push_back(best);
            }
            std::ranges::stable_sort(pairs, std::greater(), &Pair::likeness);
            std::fill_n(slots, tokens, -1.0f);
            for (std::size_t d = 0; d < destinations.size(); ++d)
                slots[destinations[d]] = static_cast<float>(d);
            for (std::int64_t i = 0; i < args.merged; ++i)
                slots[pairs[i].source] = static_cast<float>(pairs[i].destination);
            auto next = static_cast<float>(destinations.size());
            for (std::int64_t token = 0; token < tokens; ++token)
                if (slots[token] < 0) slots[token] = next++;
        }
    }

    void merge_tokens(const SlotArgs& args) override {
        for (std::int64_t n = 0; n < args.images; ++n)
            for (std::int64_t slot = 0; slot < args.kept; ++slot)
                for (std::int64_t c = 0; c < args.channels; ++c) {
                    double sum = 0, count = 0;
                    for (std::int64_t row = n * args.tokens; row < (n + 1) * args.tokens; ++row)
                        if (args.slots[row] == static_cast<float>(slot))
                            sum += args.x[row * args.channels + c], ++count;
                    args.y[(n * args.kept + slot) * args.channels + c] = static_cast<float>(sum / count);
                }
    }

    void unmerge_tokens(const SlotArgs& args) override {
        for (std::int64_t row = 0; row < args.images * args.tokens; ++row)
            for (std::int64_t c = 0; c < args.channels; ++c) {
                const std::int64_t from =
                    row / args.tokens * args.kept + static_cast<std::int64_t>(args.slots[row]);
                args.y[row * args.channels + c] =
                    args.x[from * args.channels + c] + args.residual[row * args.channels + c];
            }
    }
};

}  // namespace

std::shared_ptr<Backend> reference_backend() { return std::make_shared<ReferenceBackend>(); }

Ops reference_ops() { return Ops(reference_backend(), Pool::create(Pool::Kind::memory)); }

}  // namespace stillreel::testing
