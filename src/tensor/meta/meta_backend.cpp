#include "tensor/meta/meta_backend.h"

namespace stillreel::tensor {
namespace {

std::uint64_t float_bytes(const PackRequest& request) {
    std::int64_t floats = 0;
    for (const WeightData& weight : request.weights) floats += weight.shape.elements();
    for (const WeightData& bias : request.biases) floats += bias.shape.elements();
    return static_cast<std::uint64_t>(floats) * sizeof(float);
}

class MetaPacked final : public Packed {};

class MetaBackend final : public Backend {
  public:
    bool computes() const override { return false; }
    std::shared_ptr<Packed> pack(const PackRequest& request) override {
        auto packed = std::make_shared<MetaPacked>();
        packed->bytes = float_bytes(request);
        return packed;
    }
    void product(const ProductArgs&) override {}
    void group_norm(const GroupNormArgs&) override {}
    void layer_norm(const LayerNormArgs&) override {}
    void attention(const AttentionArgs&) override {}
    void temporal_attention(const TemporalAttentionArgs&) override {}
    void upsample_nearest(const ImageArgs&) override {}
    void adaptive_average_pool(const ImageArgs&) override {}
    void activate(Activation, std::int64_t, const float*, float*) override {}
    void add(std::int64_t, std::int64_t, const float*, const float*, float*) override {}
    void copy_rows(std::int64_t, std::int64_t, const float*, std::int64_t, float*, std::int64_t) override {}
};

}  // namespace

std::shared_ptr<Backend> meta_backend() { return std::make_shared<MetaBackend>(); }

Ops meta_ops() { return Ops(meta_backend(), Pool::create(Pool::Kind::meta)); }

}  // namespace stillreel::tensor
