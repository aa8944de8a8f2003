#include "tensor/cpu/onednn.h"

#include <array>
#include <map>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>

// Of OpenMP's library these two, as its standard declares them: clang has no header for GCC's library.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int threads);

namespace stillreel::tensor {
namespace {

using dnnl::memory;
constexpr auto kFloat = memory::data_type::f32;

/// Everything that a kernel depends on: kind, sizes, window, ending.
using Key = std::array<std::int64_t, 16>;

/// oneDNN divides its work among OpenMP's threads; here it shall be one, our own threads do the dividing.
class OneThread {
  public:
    OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
    ~OneThread() { omp_set_num_threads(before_); }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

  private:
    int before_;
};

dnnl::primitive_attr attributes(Activation activation, OneDnn::Before before) {
    dnnl::post_ops ops;
    if (activation == Activation::silu) ops.append_eltwise(1, dnnl::algorithm::eltwise_swish, 1, 0);
    if (activation == Activation::quick_gelu)
        ops.append_eltwise(1, dnnl::algorithm::eltwise_swish, 1.702f, 0);
    if (activation == Activation::gelu) ops.append_eltwise(1, dnnl::algorithm::eltwise_gelu_erf, 0, 0);
    if (before == OneDnn::Before::added) ops.append_sum(1);
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    attr.set_post_ops(ops);
    return attr;
}

}  // namespace

class OneDnn::Kernel {
  public:
    dnnl::primitive primitive;
    memory::desc x, weights, bias, y, scratch;

    template <class Description>
    bool take(const Description& description) {
        // Its reference loops and its copies into other layouts are slower than our tiles.
        const std::string_view name = description.impl_info_str();
        if (!name.starts_with("brg")) return false;
        scratch = description.scratchpad_desc();
        return true;
    }
};

struct OneDnn::State {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    std::mutex mutex;
    std::map<Key, std::unique_ptr<Kernel>> kernels;  // null: there is none

    template <class Make>
    const Kernel* find(const Key& key, Make make) {
        const std::lock_guard lock(mutex);
        const auto [place, fresh] = kernels.try_emplace(key);
        if (!fresh) return place->second.get();
        const OneThread one;
        try {
            auto kernel = std::make_unique<Kernel>();
            if (make(*kernel)) place->second = std::move(kernel);
        } catch (const dnnl::error&) {  // no kernel for this layout on this processor
        }
        return place->second.get();
    }

    bool make(const Product& product, Kernel& kernel) const {
        using Tag = memory::format_tag;
        const std::int64_t inputs = product.weights->depth, outputs = product.weights->outputs;
        kernel.x = memory::desc({product.rows, inputs}, kFloat, Tag::ab);
        kernel.weights = memory::desc({inputs, outputs}, kFloat, Tag::BA16a32b);
        kernel.bias = memory::desc({1, outputs}, kFloat, Tag::ab);
        kernel.y = memory::desc({product.rows, outputs}, kFloat, Tag::ab);
        const dnnl::matmul::desc desc(kernel.x, kernel.weights, kernel.bias, kernel.y);
        const dnnl::matmul::primitive_desc description(desc, attributes(Activation::none, product.before),
                                                       engine);
        if (!kernel.take(description)) return false;
        kernel.primitive = dnnl::matmul(description);
        return true;
    }

    bool make(const Convolution& convolution, Kernel& kernel) const {
        using Tag = memory::format_tag;
        const Window& window = convolution.window;
        const std::int64_t inputs = convolution.weights->inputs, outputs = convolution.weights->outputs;
        kernel.x = memory::desc({1, inputs, convolution.height, convolution.width}, kFloat, Tag::nhwc);
        kernel.weights =
            memory::desc({outputs, inputs, window.kernel_h, window.kernel_w}, kFloat, Tag::Acdb32a);
        kernel.bias = memory::desc({outputs}, kFloat, Tag::a);
        kernel.y =
            memory::desc({1, outputs, window.out_h(convolution.height), window.out_w(convolution.width)},
                         kFloat, Tag::nhwc);
        const dnnl::convolution_forward::desc desc(
            dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, kernel.x, kernel.weights,
            kernel.bias, kernel.y, {window.stride, window.stride}, {window.top, window.left},
            {window.bottom, window.right});
        const dnnl::convolution_forward::primitive_desc description(
            desc, attributes(convolution.activation, convolution.before), engine);
        if (!kernel.take(description)) return false;
        kernel.primitive = dnnl::convolution_forward(description);
        return true;
    }
};

OneDnn::OneDnn() : state_(std::make_unique<State>()) {}
OneDnn::~OneDnn() = default;

const OneDnn::Kernel* OneDnn::kernel(const Product& product) {
    const Key key{0, product.rows, product.weights->depth, product.weights->outputs,
                  static_cast<int>(product.before)};
    return state_->find(key, [&](Kernel& kernel) { return state_->make(product, kernel); });
}

const OneDnn::Kernel* OneDnn::kernel(const Convolution& c) {
    const Window& w = c.window;
    const Key key{1,
                  c.height,
                  c.width,
                  c.weights->inputs,
                  c.weights->outputs,
                  w.kernel_h,
                  w.kernel_w,
                  w.stride,
                  w.top,
                  w.left,
                  w.bottom,
                  w.right,
                  static_cast<int>(c.activation),
                  static_cast<int>(c.before)};
    return state_->find(key, [&](Kernel& kernel) { return state_->make(c, kernel); });
}

void OneDnn::run(const Kernel& kernel, const float* x, const float* weights, const float* bias, float* y,
                 HugeArray& scratch) {
    const OneThread one;
    dnnl::stream stream(state_->engine);
    const auto wanted = static_cast<std::int64_t>(kernel.scratch.get_size() / sizeof(float) + 1);
    if (scratch.size() < wanted) scratch = HugeArray(wanted);
    const auto at = [&](const memory::desc& desc, const float* data) {
        return memory(desc, state_->engine, const_cast<float*>(data));
    };
    kernel.primitive.execute(stream, {{DNNL_ARG_SRC, at(kernel.x, x)},
                                      {DNNL_ARG_WEIGHTS, at(kernel.weights, weights)},
                                      {DNNL_ARG_BIAS, at(kernel.bias, bias)},
                                      {DNNL_ARG_DST, at(kernel.y, y)},
                                      {DNNL_ARG_SCRATCHPAD, at(kernel.scratch, scratch.data())}});
    stream.wait();
}

}  // namespace stillreel::tensor
