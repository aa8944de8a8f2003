#include "diffusion/polled_weights.h"

namespace stillreel::diffusion {
namespace {

class PolledWeights final : public weights::WeightSource {
  public:
    PolledWeights(std::unique_ptr<WeightSource> source, const CancelFlag& cancel)
        : source_(std::move(source)), cancel_(cancel) {}

    std::optional<tensor::WeightData> find(const std::string& name, const tensor::Shape& wanted) override {
        cancel_.throw_if_requested();
        return source_->find(name, wanted);
    }
    bool holds(const std::string& name) const override { return source_->holds(name); }
    void release(const std::string& name) override { source_->release(name); }
    std::vector<std::string> names() const override { return source_->names(); }
    std::string where() const override { return source_->where(); }
    bool quantised() const override { return source_->quantised(); }

  private:
    std::unique_ptr<WeightSource> source_;
    const CancelFlag& cancel_;
};

}  // namespace

std::unique_ptr<weights::WeightSource> polled(std::unique_ptr<weights::WeightSource> source,
                                              const CancelFlag* cancel) {
    if (!cancel) return source;
    return std::make_unique<PolledWeights>(std::move(source), *cancel);
}

}  // namespace stillreel::diffusion
