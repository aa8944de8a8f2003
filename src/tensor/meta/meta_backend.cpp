#include "tensor/meta/meta_backend.h"

#include "tensor/pack_method.h"

namespace stillreel::tensor {
namespace {

/// As the processor keeps them: with int8 every output has a bias, and in every phase a scale and a sum.
std::uint64_t packed_bytes(const PackRequest& request) {
    std::int64_t weights = 0, outputs = 0, biases = 0;
    for (const WeightData& weight : request.weights) {
        weights += weight.shape.elements();
        outputs += weight.shape[0];
    }
    const std::int64_t phases = std::int64_t{request.window.upsample} * request.window.upsample;
    weights = weights / request.window.places() * packed_taps(request);
    for (const WeightData& bias : request.biases) biases += bias.shape.elements();
    const auto bytes = [](std::int64_t numbers, std::size_t each) {
        return static_cast<std::uint64_t>(numbers) * each;
    };
    switch (request.precision) {
        case Precision::f32:
            return bytes(weights + biases, sizeof(float));
        case Precision::bf16:
            return bytes(weights, 2) + bytes(biases, sizeof(float));
        case Precision::int8:
            return bytes(weights, 1) + bytes(outputs * (1 + 2 * phases), sizeof(float));
    }
    return 0;
}

class MetaPacked final : public Packed {};

class MetaBackend final : public Backend {
  public:
    explicit MetaBackend(std::function<void(const PackRequest&)> packs) : packs_(std::move(packs)) {}
    bool computes() const override { return false; }
    std::shared_ptr<Packed> pack(const PackRequest& request) override {
        if (packs_) packs_(request);
        auto packed = std::make_shared<MetaPacked>();
        packed->bytes = packed_bytes(request);
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
    void match_tokens(const MatchArgs&) override {}
    void merge_tokens(const SlotArgs&) override {}
    void unmerge_tokens(const SlotArgs&) override {}

  private:
    std::function<void(const PackRequest&)> packs_;
};

}  // namespace

std::shared_ptr<Backend> meta_backend(std::function<void(const PackRequest&)> packs) {
    return std::make_shared<MetaBackend>(std::move(packs));
}

Ops meta_ops() { return Ops(meta_backend(), Pool::create(Pool::Kind::meta)); }

}  // namespace stillreel::tensor
