#include "tensor/cpu/products.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "tensor/cpu/bf16_panels.h"
#include "tensor/cpu/gathered_products.h"
#include "tensor/cpu/int8_products.h"
#include "tensor/cpu/onednn.h"
#include "tensor/cpu/pack.h"
#include "tensor/cpu/winograd_products.h"

namespace stillreel::tensor {
namespace {

/// What one worker of oneDNN's needs while it is at a task.
struct Scratch {
    HugeArray onednn;
};

/// One product of floats.
struct Job : ProductRows {
    const PackedPanels& packed;

    explicit Job(const ProductArgs& product)
        : ProductRows(product, static_cast<const Panels&>(*product.weights)),
          packed(static_cast<const PackedPanels&>(*product.weights)) {}
};

/// Rows of the result that oneDNN computes at a time: with fewer its products are slow.
constexpr std::int64_t kLeastOneDnnRows = 256;
constexpr std::int64_t kMostOneDnnRows = 1024;
constexpr std::int64_t kRowUnit = 32;  // so that parts are of one or two sizes
/// Up to this depth it adds in the same order as our tiles, which do all products of fewer rows: a row's bits
/// do not depend on how many there are.
constexpr std::int64_t kSameOrder = 512;
/// A direct convolution reads all weights once for every band of rows; with fewer pixels gathering is faster.
constexpr std::int64_t kLeastPixels = 256;
/// Of one task, so that a cancel is seen soon.
constexpr double kMostFlops = 1.6e10;

}  // namespace

struct Products::State {
    Workers<Scratch> workers;
    OneDnn onednn;
    GatheredProducts<PackedPanels, copy_numbers<float>> floats;
    GatheredProducts<Bf16Panels, round_to_bf16> bf16;
    Int8Products int8;
    WinogradProducts winograd;

    bool run_product(const Job& job);
    bool run_convolution(const Job& job);
};

/// A linear layer of many rows by oneDNN; false where that is not possible.
bool Products::State::run_product(const Job& job) {
    const ProductArgs& args = job.args;
    const PackedPanels& packed = job.packed;
    if (packed.window != Window{} || packed.gate != Gate::none) return false;
    // Its layout wants the depth in sixteens.
    if (packed.depth % 16 != 0 || packed.depth > kSameOrder || packed.outputs < kPanel) return false;
    if (job.rows < 2 * kLeastOneDnnRows || args.per_image || args.activation != Activation::none)
        return false;
    const std::int64_t most = std::clamp(job.rows / kTasks, kLeastOneDnnRows, kMostOneDnnRows);
    const Parts parts(divided_up(job.rows, kRowUnit), most / kRowUnit);
    std::vector<const OneDnn::Kernel*> kernels;
    OneDnn::Product product{&packed, 0, args.residual ? OneDnn::Before::added : OneDnn::Before::overwritten};
    const auto begin = [&](std::int64_t part) { return std::min(job.rows, parts.begin(part) * kRowUnit); };
    for (std::int64_t part = 0; part < parts.parts; ++part) {
        product.rows = begin(part + 1) - begin(part);
        kernels.push_back(onednn.kernel(product));
        if (!kernels.back()) return false;
    }
    workers.parallel(parts.parts, [&](std::int64_t part, Scratch& scratch) {
        const std::int64_t row = begin(part), at = row * packed.outputs;
        if (args.residual && args.residual != args.y)
            std::copy(args.residual + at, args.residual + begin(part + 1) * packed.outputs, args.y + at);
        onednn.run(*kernels[part], args.x + row * packed.depth, packed.weights.data(), packed.bias.data(),
                   args.y + at, scratch.onednn);
    });
    return true;
}

/// Rows [begin, end) of one image's result: which rows of the input they need.
struct Band {
    std::int64_t begin, end;
    std::int64_t first, last;  // of the input: [first, last)
    Window window;             // with the padding that is left

    Band(const Job& job, std::int64_t from, std::int64_t to)
        : begin(from), end(to), window(job.packed.window) {
        const std::int64_t top = from * window.stride - window.top;
        const std::int64_t bottom = (to - 1) * window.stride - window.top + window.kernel_h;
        first = std::max<std::int64_t>(0, top);
        last = std::min(job.args.height, bottom);
        window.top = static_cast<int>(first - top);
        window.bottom = static_cast<int>(bottom - last);
    }
};

/// A convolution by oneDNN, image by image, or by bands of rows where there are few; false where that is not
/// possible.
bool Products::State::run_convolution(const Job& job) {
    const ProductArgs& args = job.args;
    const PackedPanels& packed = job.packed;
    if (packed.window == Window{} || packed.phases > 1 || packed.gate != Gate::none) return false;
    if (packed.inputs < 16 || packed.outputs < kPanel || job.out_h * job.out_w < kLeastPixels) return false;
    if (args.residual && args.activation != Activation::none) return false;
    const double line_flops = 2.0 * static_cast<double>(job.out_w * packed.depth * packed.outputs);
    const std::int64_t least = divided_up(kLeastPixels, job.out_w);
    const std::int64_t most = std::max(least, static_cast<std::int64_t>(kMostFlops / line_flops));
    const Parts parts(job.out_h, std::clamp(job.out_h * args.images / kTasks, least, most));
    OneDnn::Convolution convolution{
        &packed,         0,
        args.width,      {},
        args.activation, args.residual ? OneDnn::Before::added : OneDnn::Before::overwritten};
    std::vector<Band> bands;
    std::vector<const OneDnn::Kernel*> kernels;
    for (std::int64_t part = 0; part < parts.parts; ++part) {
        const Band& band = bands.emplace_back(job, parts.begin(part), parts.begin(part + 1));
        convolution.height = band.last - band.first;
        convolution.window = band.window;
        kernels.push_back(convolution.height > 0 ? onednn.kernel(convolution) : nullptr);
        if (!kernels.back()) return false;
    }
    workers.parallel(parts.parts * args.images, [&](std::int64_t task, Scratch& scratch) {
        const std::int64_t image = task / parts.parts;
        const Band& band = bands[task % parts.parts];
        const std::int64_t line = job.out_w * packed.outputs;
        const std::int64_t at = (image * job.out_h + band.begin) * line;
        if (args.residual && args.residual != args.y)
            std::copy_n(args.residual + at, (band.end - band.begin) * line, args.y + at);
        const float* bias = packed.bias.data();
        std::vector<float> sum;
        if (args.per_image) {
            const float* vector = args.per_image + image / args.images_per_row * packed.outputs;
            sum.resize(static_cast<std::size_t>(packed.outputs));
            std::transform(vector, vector + packed.outputs, bias, sum.begin(), std::plus());
            bias = sum.data();
        }
        onednn.run(*kernels[task % parts.parts],
                   args.x + (image * args.height + band.first) * args.width * packed.inputs,
                   packed.weights.data(), bias, args.y + at, scratch.onednn);
    });
    return true;
}

Products::Products(ThreadPool& pool, const CancelFlag* cancel)
    : state_(new State{{pool, cancel}, {}, {pool, cancel}, {pool, cancel}, {pool, cancel}, {pool, cancel}}) {}
Products::~Products() = default;

std::shared_ptr<Packed> Products::pack(const PackRequest& request) {
    ThreadPool& pool = state_->workers.pool();
    const CancelFlag* cancel = state_->workers.cancel();
    switch (request.precision) {
        case Precision::f32:
            return pack_panels(request, pool, cancel);
        case Precision::bf16:
            return pack_bf16_panels(request, pool, cancel);
        case Precision::int8:
            return state_->int8.pack(request);
    }
    return nullptr;
}

void Products::run(const ProductArgs& args) {
    const Precision precision = args.weights->precision;
    if (precision == Precision::int8) return state_->int8.run(args);
    if (precision == Precision::bf16) return state_->bf16.run(args);
    const Job job(args);
    if (job.packed.method != Method::direct) return state_->winograd.run(args);
    if (job.rows <= 0) return;
    if (state_->run_product(job) || state_->run_convolution(job)) return;
    state_->floats.run(args);
}

}  // namespace stillreel::tensor
