#include "tensor/ops.h"

#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "tensor/token_merging.h"

namespace stillreel::tensor {
namespace {

double size_of(const Tensor& tensor) { return static_cast<double>(tensor.elements()); }

const float* data_or_null(const Tensor* tensor) {
    return tensor && !tensor->empty() ? tensor->data() : nullptr;
}

/// Channels in and out of stacked weights, and that their shapes agree with the window.
struct Channels {
    std::int64_t in = 0;
    std::int64_t out = 0;
};

Channels channels_of(const PackRequest& request) {
    const std::int64_t taps = request.window.places();
    Channels channels;
    for (const WeightData& weight : request.weights) {
        const std::int64_t out = weight.shape[0];
        const std::int64_t in = weight.shape.elements() / (out * taps);
        STILLREEL_CHECK_EQ(out * in * taps, weight.shape.elements());
        STILLREEL_CHECK(channels.in == 0 || channels.in == in);
        channels.in = in;
        channels.out += out;
    }
    std::int64_t offsets = 0;
    for (const WeightData& bias : request.biases) offsets += bias.shape.elements();
    STILLREEL_CHECK(request.biases.empty() || offsets == channels.out);
    if (request.gate == Gate::geglu) {
        STILLREEL_CHECK_EQ(channels.out % 2, 0);
        channels.out /= 2;
    }
    return channels;
}

std::span<const WeightData> one_or_none(const WeightData* data) {
    return data ? std::span(data, 1) : std::span<const WeightData>();
}

TokenColumns columns_of(const Columns& columns) {
    const std::int64_t stride = columns.tensor.shape()[-1];
    STILLREEL_CHECK(columns.begin >= 0 && columns.begin + columns.width <= stride);
    const float* data = columns.tensor.data();
    return {data ? data + columns.begin : nullptr, stride};
}

/// Of a weight.
int bits_of(Precision precision) {
    switch (precision) {
        case Precision::f32:
            return 32;
        case Precision::bf16:
            return 16;
        case Precision::int8:
            return 8;
    }
    return 32;
}

int head_size_of(const Columns& q, const Columns& k, const Columns& v, int heads) {
    STILLREEL_CHECK(q.width == k.width && k.width == v.width && q.width % heads == 0);
    return static_cast<int>(q.width / heads);
}

}  // namespace

std::string_view name_of(Precision precision) {
    switch (precision) {
        case Precision::f32:
            return "f32";
        case Precision::bf16:
            return "bf16";
        case Precision::int8:
            return "int8";
    }
    return "?";
}

std::string_view name_of(OpKind kind) {
    switch (kind) {
        case OpKind::linear:
            return "linear";
        case OpKind::conv:
            return "conv";
        case OpKind::temporal_conv:
            return "temporal_conv";
        case OpKind::group_norm:
            return "group_norm";
        case OpKind::layer_norm:
            return "layer_norm";
        case OpKind::attention:
            return "attention";
        case OpKind::temporal_attention:
            return "temporal_attention";
        case OpKind::matching:
            return "matching";
        case OpKind::image:
            return "image";
        case OpKind::elementwise:
            return "elementwise";
        case OpKind::copy:
            return "copy";
    }
    return "?";
}

Ops::Ops(std::shared_ptr<Backend> backend, std::shared_ptr<Pool> pool)
    : backend_(std::move(backend)), pool_(std::move(pool)) {}

template <class Work>
void Ops::timed(OpKind kind, double flops, double floats, const Shape& result, std::int64_t inputs, Work work,
                Precision precision) {
    if (!observer_) return work();
    const Stopwatch watch;
    work();
    observer_(
        {kind, flops, floats * sizeof(float), computes() ? watch.seconds() : 0, result, inputs, precision});
}

PackedPtr Ops::pack(PackRequest request) {
    request.store = store_;
    const Channels channels = channels_of(request);
    const std::shared_ptr<Packed> packed = backend_->pack(request);
    packed->inputs = channels.in;
    packed->outputs = channels.out;
    packed->window = request.window;
    packed->gate = request.gate;
    packed->precision = request.precision;
    packed_bytes_ += packed->bytes;
    return packed;
}

PackedPtr Ops::pack_linear(const WeightData& weight, const WeightData* bias, Precision precision) {
    return pack({std::span(&weight, 1), one_or_none(bias), {}, Gate::none, precision});
}

PackedPtr Ops::pack_stacked(std::span<const WeightData> weights, std::span<const WeightData> biases,
                            Precision precision) {
    return pack({weights, biases, {}, Gate::none, precision});
}

PackedPtr Ops::pack_geglu(const WeightData& weight, const WeightData* bias, Precision precision) {
    return pack({std::span(&weight, 1), one_or_none(bias), {}, Gate::geglu, precision});
}

PackedPtr Ops::pack_conv(const WeightData& weight, const WeightData* bias, const Window& window,
                         Precision precision) {
    return pack({std::span(&weight, 1), one_or_none(bias), window, Gate::none, precision});
}

Tensor Ops::upload(const Shape& shape, std::span<const float> numbers) {
    Tensor tensor = empty(shape);
    if (!computes()) return tensor;
    STILLREEL_CHECK_EQ(static_cast<std::int64_t>(numbers.size()), shape.elements());
    std::copy(numbers.begin(), numbers.end(), tensor.mutable_data());
    return tensor;
}

Tensor Ops::upload(const WeightData& weight) {
    Tensor tensor = empty(weight.shape);
    if (computes()) read_floats(weight, 0, tensor.mutable_span());
    return tensor;
}

/// `image`: images, height and width of x. x and the result agree in all but the last dimensions.
Tensor Ops::product(const Tensor& x, const Shape& result, std::array<std::int64_t, 3> image,
                    const Packed& weights, Epilogue epilogue) {
    STILLREEL_CHECK_EQ(x.shape()[-1], weights.inputs);
    const Window& window = weights.window;
    ProductArgs args;
    args.images = image[0];
    args.height = image[1];
    args.width = image[2];
    args.weights = &weights;
    args.activation = epilogue.activation;
    if (epilogue.per_image) {
        STILLREEL_CHECK_EQ(epilogue.per_image->shape()[-1], weights.outputs);
        const std::int64_t rows = epilogue.per_image->elements() / weights.outputs;
        STILLREEL_CHECK_EQ(args.images % rows, 0);
        args.images_per_row = args.images / rows;
        args.per_image = data_or_null(epilogue.per_image);
    }
    Tensor& residual = epilogue.residual;
    const double added = residual.empty() ? 0 : size_of(residual);
    if (!residual.empty()) {
        STILLREEL_CHECK_EQ(residual.elements(), result.elements());
        args.residual = residual.data();
    }
    // A residual that nobody needs again is where the result goes.
    Tensor y;
    if (residual.sole_owner()) {
        y = residual.reshaped(result);
        residual = Tensor();
    } else {
        y = empty(result);
    }
    args.x = x.data();
    args.y = y.mutable_data();

    const auto taps = static_cast<double>(window.taps());
    const double sums = static_cast<double>(result.elements()) * (weights.gate == Gate::geglu ? 2 : 1);
    const double flops = 2 * sums * taps * static_cast<double>(weights.inputs);
    // Not weights.bytes: a backend pads them, and work must weigh the same on meta.
    const double each = static_cast<double>(bits_of(weights.precision)) / 32;
    const double outputs = static_cast<double>(weights.outputs) * (weights.gate == Gate::geglu ? 2 : 1);
    const double floats =
        size_of(x) + size_of(y) + added + each * taps * outputs * static_cast<double>(weights.inputs);
    const OpKind kind = taps == 1                       ? OpKind::linear
                        : window == Window::temporal3() ? OpKind::temporal_conv
                                                        : OpKind::conv;
    timed(
        kind, flops, floats, result, weights.inputs, [&] { backend_->product(args); }, weights.precision);
    return y;
}

Tensor Ops::linear(const Tensor& x, const Packed& weights, Epilogue epilogue) {
    STILLREEL_CHECK(weights.window == Window{});
    const std::int64_t images = x.shape().rank() > 1 ? x.shape()[0] : 1;
    const std::int64_t pixels = images ? x.elements() / (images * x.shape()[-1]) : 0;
    return product(x, x.shape().with_last(weights.outputs), {images, pixels, 1}, weights,
                   std::move(epilogue));
}

Tensor Ops::conv(const Tensor& x, const Packed& weights, Epilogue epilogue) {
    const Shape& in = x.shape();
    STILLREEL_CHECK_EQ(in.rank(), 4);
    const Shape out{in[0], weights.window.out_h(in[1]), weights.window.out_w(in[2]), weights.outputs};
    return product(x, out, {in[0], in[1], in[2]}, weights, std::move(epilogue));
}

Tensor Ops::group_norm(Tensor x, const Tensor& gamma, const Tensor& beta, int groups, float epsilon,
                       std::int64_t images_per_group, Activation activation) {
    GroupNormArgs args;
    args.images = x.shape()[0];
    args.channels = x.shape()[-1];
    args.pixels = x.elements() / std::max<std::int64_t>(1, args.images * args.channels);
    STILLREEL_CHECK_EQ(args.images % images_per_group, 0);
    STILLREEL_CHECK_EQ(args.channels % groups, 0);
    STILLREEL_CHECK(gamma.elements() == args.channels && beta.elements() == args.channels);
    STILLREEL_CHECK(activation == Activation::none || activation == Activation::silu);
    args.images_per_group = images_per_group;
    args.groups = groups;
    args.epsilon = epsilon;
    args.gamma = gamma.data();
    args.beta = beta.data();
    args.activation = activation;
    args.x = x.data();
    Tensor y = x.sole_owner() ? std::move(x) : empty(x.shape());
    args.y = y.mutable_data();
    timed(OpKind::group_norm, 8 * size_of(y), 3 * size_of(y), y.shape(), args.channels,
          [&] { backend_->group_norm(args); });
    return y;
}

Tensor Ops::layer_norm(Tensor x, const Tensor& gamma, const Tensor& beta, float epsilon) {
    LayerNormArgs args;
    args.features = x.shape()[-1];
    args.rows = x.elements() / args.features;
    STILLREEL_CHECK(gamma.elements() == args.features && beta.elements() == args.features);
    args.epsilon = epsilon;
    args.gamma = gamma.data();
    args.beta = beta.data();
    args.x = x.data();
    Tensor y = x.sole_owner() ? std::move(x) : empty(x.shape());
    args.y = y.mutable_data();
    timed(OpKind::layer_norm, 8 * size_of(y), 2 * size_of(y), y.shape(), args.features,
          [&] { backend_->layer_norm(args); });
    return y;
}

Tensor Ops::attention(const Columns& q, const Columns& k, const Columns& v, int heads, Mask mask,
                      Precision precision) {
    AttentionArgs args;
    args.head_size = head_size_of(q, k, v, heads);
    args.heads = heads;
    args.mask = mask;
    args.precision = precision;
    args.q = columns_of(q);
    args.k = columns_of(k);
    args.v = columns_of(v);
    args.batch = q.tensor.shape()[0];
    args.q_tokens = q.tensor.shape()[1];
    args.k_tokens = k.tensor.shape()[1];
    const std::int64_t contexts = k.tensor.shape()[0];
    STILLREEL_CHECK_EQ(args.batch % contexts, 0);
    STILLREEL_CHECK(v.tensor.shape()[0] == contexts && v.tensor.shape()[1] == args.k_tokens);
    args.batch_per_context = args.batch / contexts;
    Tensor y = empty({args.batch, args.q_tokens, q.width});
    args.y = y.mutable_data();
    const double pairs = static_cast<double>(args.batch * args.q_tokens * args.k_tokens);
    const double floats = 2 * size_of(y) + static_cast<double>(2 * contexts * args.k_tokens * q.width);
    timed(OpKind::attention, 4 * pairs * static_cast<double>(q.width), floats, y.shape(), q.width,
          [&] { backend_->attention(args); });
    return y;
}

Tensor Ops::temporal_attention(const Columns& q, const Columns& k, const Columns& v, int heads,
                               std::int64_t frames) {
    TemporalAttentionArgs args;
    args.head_size = head_size_of(q, k, v, heads);
    args.heads = heads;
    args.q = columns_of(q);
    args.k = columns_of(k);
    args.v = columns_of(v);
    const std::int64_t images = q.tensor.shape()[0];
    STILLREEL_CHECK_EQ(images % frames, 0);
    args.batch = images / frames;
    args.frames = frames;
    args.pixels = q.tensor.shape()[1];
    Tensor y = empty({images, args.pixels, q.width});
    args.y = y.mutable_data();
    const double pairs = static_cast<double>(images * frames * args.pixels);
    timed(OpKind::temporal_attention, 4 * pairs * static_cast<double>(q.width), 4 * size_of(y), y.shape(),
          q.width, [&] { backend_->temporal_attention(args); });
    return y;
}

Tensor Ops::match_tokens(const Tensor& x, std::int64_t height, std::int64_t width, std::int64_t merged,
                         Precision precision) {
    MatchArgs args;
    args.images = x.shape()[0];
    args.height = height;
    args.width = width;
    args.channels = x.shape()[2];
    args.merged = merged;
    args.precision = precision;
    const std::int64_t tokens = height * width, destinations = count_destinations(height, width);
    STILLREEL_CHECK_EQ(x.shape()[1], tokens);
    STILLREEL_CHECK(merged >= 0 && merged <= tokens - destinations && (merged == 0 || destinations > 0));
    args.x = x.data();
    Tensor slots = empty({args.images, tokens});
    args.slots = slots.mutable_data();
    const double pairs = static_cast<double>(args.images * (tokens - destinations) * destinations);
    timed(
        OpKind::matching, 2 * pairs * static_cast<double>(args.channels), size_of(x) + size_of(slots),
        slots.shape(), args.channels, [&] { backend_->match_tokens(args); }, precision);
    return slots;
}

Tensor Ops::merge_tokens(const Tensor& x, const Tensor& slots, std::int64_t kept) {
    const Shape& in = x.shape();
    STILLREEL_CHECK(slots.shape() == Shape({in[0], in[1]}) && kept > 0 && kept <= in[1]);
    Tensor y = empty({in[0], kept, in[2]});
    const SlotArgs args{x.data(), slots.data(), in[0], in[1], kept, in[2], nullptr, y.mutable_data()};
    timed(OpKind::elementwise, size_of(x), size_of(x) + size_of(slots) + size_of(y), y.shape(), in[2],
          [&] { backend_->merge_tokens(args); });
    return y;
}

Tensor Ops::unmerge_tokens(const Tensor& x, const Tensor& slots, Tensor residual) {
    const Shape& in = x.shape();
    const std::int64_t tokens = slots.shape()[1];
    STILLREEL_CHECK(slots.shape()[0] == in[0] && residual.shape() == Shape({in[0], tokens, in[2]}));
    const float* added = residual.data();
    const Tensor kept = residual.sole_owner() ? Tensor() : residual;
    Tensor y = residual.sole_owner() ? std::move(residual) : empty(residual.shape());
    const SlotArgs args{x.data(), slots.data(), in[0], tokens, in[1], in[2], added, y.mutable_data()};
    timed(OpKind::elementwise, size_of(y), size_of(x) + size_of(slots) + 2 * size_of(y), y.shape(), in[2],
          [&] { backend_->unmerge_tokens(args); });
    return y;
}

Tensor Ops::upsample_nearest(const Tensor& x, std::int64_t height, std::int64_t width) {
    const Shape& in = x.shape();
    Tensor y = empty({in[0], height, width, in[3]});
    const ImageArgs args{x.data(), in[0], in[1], in[2], height, width, in[3], y.mutable_data()};
    timed(OpKind::image, 0, size_of(x) + size_of(y), y.shape(), in[3],
          [&] { backend_->upsample_nearest(args); });
    return y;
}

Tensor Ops::adaptive_average_pool(const Tensor& x, std::int64_t height, std::int64_t width) {
    const Shape& in = x.shape();
    Tensor y = empty({in[0], height, width, in[3]});
    const ImageArgs args{x.data(), in[0], in[1], in[2], height, width, in[3], y.mutable_data()};
    timed(OpKind::image, size_of(x), size_of(x) + size_of(y), y.shape(), in[3],
          [&] { backend_->adaptive_average_pool(args); });
    return y;
}

Tensor Ops::activate(Tensor x, Activation activation) {
    const float* from = x.data();
    const Tensor kept = x.sole_owner() ? Tensor() : x;
    Tensor y = x.sole_owner() ? std::move(x) : empty(x.shape());
    timed(OpKind::elementwise, size_of(y), 2 * size_of(y), y.shape(), y.shape()[-1],
          [&] { backend_->activate(activation, y.elements(), from, y.mutable_data()); });
    return y;
}

Tensor Ops::add(Tensor x, const Tensor& b) {
    STILLREEL_CHECK_EQ(x.elements() % b.elements(), 0);
    const float* from = x.data();
    const Tensor kept = x.sole_owner() ? Tensor() : x;
    Tensor y = x.sole_owner() ? std::move(x) : empty(x.shape());
    timed(OpKind::elementwise, size_of(y), 2 * size_of(y) + size_of(b), y.shape(), y.shape()[-1],
          [&] { backend_->add(y.elements(), b.elements(), from, b.data(), y.mutable_data()); });
    return y;
}

Tensor Ops::concat_channels(const Tensor& a, const Tensor& b) {
    const std::int64_t wide = a.shape()[-1];
    const std::int64_t other = b.shape()[-1];
    const std::int64_t rows = a.elements() / wide;
    STILLREEL_CHECK_EQ(b.elements() / other, rows);
    Tensor y = empty(a.shape().with_last(wide + other));
    float* to = y.mutable_data();
    timed(OpKind::copy, 0, 2 * size_of(y), y.shape(), wide, [&] {
        backend_->copy_rows(rows, wide, a.data(), wide, to, wide + other);
        backend_->copy_rows(rows, other, b.data(), other, to ? to + wide : nullptr, wide + other);
    });
    return y;
}

Tensor Ops::concat_tokens(std::span<const Tensor> parts) {
    const std::int64_t images = parts[0].shape()[0];
    const std::int64_t features = parts[0].shape()[2];
    std::int64_t tokens = 0;
    for (const Tensor& part : parts) {
        STILLREEL_CHECK(part.shape()[0] == images && part.shape()[2] == features);
        tokens += part.shape()[1];
    }
    Tensor y = empty({images, tokens, features});
    float* to = y.mutable_data();
    timed(OpKind::copy, 0, 2 * size_of(y), y.shape(), features, [&] {
        std::int64_t begin = 0;
        for (const Tensor& part : parts) {
            const std::int64_t width = part.shape()[1] * features;
            backend_->copy_rows(images, width, part.data(), width, to ? to + begin : nullptr,
                                tokens * features);
            begin += width;
        }
    });
    return y;
}

Tensor Ops::concat_images(std::span<const Tensor> parts) {
    std::int64_t images = 0;
    for (const Tensor& part : parts) images += part.shape()[0];
    std::vector<std::int64_t> dims(parts[0].shape().dims().begin(), parts[0].shape().dims().end());
    dims[0] = images;
    Tensor y = empty(Shape(dims));
    float* to = y.mutable_data();
    timed(OpKind::copy, 0, 2 * size_of(y), y.shape(), dims.back(), [&] {
        std::int64_t begin = 0;
        for (const Tensor& part : parts) {
            const std::int64_t size = part.elements();
            backend_->copy_rows(1, size, part.data(), size, to ? to + begin : nullptr, size);
            begin += size;
        }
    });
    return y;
}

Tensor Ops::copy_tokens(const Tensor& x, std::int64_t begin, std::int64_t count) {
    const std::int64_t images = x.shape()[0];
    const std::int64_t features = x.shape()[2];
    STILLREEL_CHECK(begin >= 0 && begin + count <= x.shape()[1]);
    Tensor y = empty({images, count, features});
    const float* from = x.data();
    timed(OpKind::copy, 0, 2 * size_of(y), y.shape(), features, [&] {
        backend_->copy_rows(images, count * features, from ? from + begin * features : nullptr,
                            x.shape()[1] * features, y.mutable_data(), count * features);
    });
    return y;
}

void Ops::put_tokens(Tensor& x, std::int64_t begin, const Tensor& part) {
    const std::int64_t images = x.shape()[0];
    const std::int64_t features = x.shape()[2];
    const std::int64_t count = part.shape()[1];
    STILLREEL_CHECK(part.shape()[0] == images && part.shape()[2] == features);
    STILLREEL_CHECK(begin >= 0 && begin + count <= x.shape()[1]);
    float* to = x.mutable_data();
    timed(OpKind::copy, 0, 2 * size_of(part), part.shape(), features, [&] {
        backend_->copy_rows(images, count * features, part.data(), count * features,
                            to ? to + begin * features : nullptr, x.shape()[1] * features);
    });
}

void Ops::put_images(Tensor& x, std::int64_t begin, const Tensor& part) {
    const std::int64_t entry = x.elements() / x.shape()[0];
    STILLREEL_CHECK(begin >= 0 && begin * entry + part.elements() <= x.elements());
    float* to = x.mutable_data();
    timed(OpKind::copy, 0, 2 * size_of(part), part.shape(), part.shape()[-1], [&] {
        backend_->copy_rows(1, part.elements(), part.data(), part.elements(),
                            to ? to + begin * entry : nullptr, part.elements());
    });
}

Tensor Ops::gather_rows(const Tensor& table, std::span<const std::int64_t> ids) {
    const std::int64_t features = table.shape()[1];
    Tensor y = empty({static_cast<std::int64_t>(ids.size()), features});
    if (!computes()) return y;
    float* to = y.mutable_data();
    for (const std::int64_t id : ids) {
        STILLREEL_CHECK(id >= 0 && id < table.shape()[0]);
        backend_->copy_rows(1, features, table.data() + id * features, features, to, features);
        to += features;
    }
    return y;
}

}  // namespace stillreel::tensor
