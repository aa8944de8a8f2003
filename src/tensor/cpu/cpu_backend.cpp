#include "tensor/cpu/cpu_backend.h"

#include <fmt/format.h>
#include <hwy/targets.h>

#include "tensor/cpu/attention.h"
#include "tensor/cpu/crew.h"
#include "tensor/cpu/elementwise.h"
#include "tensor/cpu/images.h"
#include "tensor/cpu/norms.h"
#include "tensor/cpu/products.h"
#include "tensor/cpu/slots.h"
#include "tensor/cpu/temporal_attention.h"
#include "tensor/cpu/token_matching.h"

namespace stillreel::tensor {
namespace {

class CpuBackend final : public Backend {
  public:
    CpuBackend(int threads, const CancelFlag* cancel)
        : crew_(threads, cancel), products_(crew_.pool(), cancel) {}

    bool computes() const override { return true; }
    std::shared_ptr<Packed> pack(const PackRequest& request) override { return products_.pack(request); }
    void product(const ProductArgs& args) override { products_.run(args); }
    void group_norm(const GroupNormArgs& args) override { tensor::group_norm(crew_, args); }
    void layer_norm(const LayerNormArgs& args) override { tensor::layer_norm(crew_, args); }
    void attention(const AttentionArgs& args) override { tensor::attention(crew_, args); }
    void temporal_attention(const TemporalAttentionArgs& args) override {
        tensor::temporal_attention(crew_, args);
    }
    void upsample_nearest(const ImageArgs& args) override { tensor::upsample_nearest(crew_, args); }
    void adaptive_average_pool(const ImageArgs& args) override { tensor::adaptive_average_pool(crew_, args); }
    void activate(Activation activation, std::int64_t count, const float* x, float* y) override {
        tensor::activate(crew_, activation, count, x, y);
    }
    void add(std::int64_t count, std::int64_t period, const float* a, const float* b, float* y) override {
        tensor::add(crew_, count, period, a, b, y);
    }
    void copy_rows(std::int64_t rows, std::int64_t width, const float* from, std::int64_t from_stride,
                   float* to, std::int64_t to_stride) override {
        tensor::copy_rows(crew_, rows, width, from, from_stride, to, to_stride);
    }
    void match_tokens(const MatchArgs& args) override { tensor::match_tokens(crew_, args); }
    void merge_tokens(const SlotArgs& args) override { tensor::merge_tokens(crew_, args); }
    void unmerge_tokens(const SlotArgs& args) override { tensor::unmerge_tokens(crew_, args); }

  private:
    Crew crew_;
    Products products_;
};

}  // namespace

std::string packed_layout() {
    // To be raised whenever pack() would give other bytes for the same weights.
    constexpr int kLayout = 1;
    return fmt::format("layout {}, targets {:x}", kLayout,
                       static_cast<std::uint64_t>(hwy::SupportedTargets()));
}

std::shared_ptr<Backend> cpu_backend(int threads, const CancelFlag* cancel) {
    return std::make_shared<CpuBackend>(threads, cancel);
}

}  // namespace stillreel::tensor
