#include "diffusion/watched_weights.h"

#include <set>

namespace stillreel::diffusion {
namespace {

class WatchedWeights final : public weights::WeightSource {
  public:
    WatchedWeights(std::unique_ptr<WeightSource> source, const CancelFlag* cancel,
                   std::function<void(std::uint64_t)> used)
        : source_(std::move(source)), cancel_(cancel), used_(std::move(used)) {}

    std::optional<tensor::WeightData> find(const std::string& name, const tensor::Shape& wanted) override {
        if (cancel_) cancel_->throw_if_requested();
        std::optional<tensor::WeightData> data = source_->find(name, wanted);
        if (data && used_ && told_.insert(name).second) used_(bytes_of(data->type, data->shape));
        return data;
    }
    void release(const std::string& name) override { source_->release(name); }
    bool holds(const std::string& name) const override { return source_->holds(name); }
    std::vector<std::string> names() const override { return source_->names(); }
    std::string where() const override { return source_->where(); }
    bool quantised() const override { return source_->quantised(); }

  private:
    std::unique_ptr<WeightSource> source_;
    const CancelFlag* cancel_;
    std::function<void(std::uint64_t)> used_;
    std::set<std::string> told_;
};

}  // namespace

std::unique_ptr<weights::WeightSource> watched(std::unique_ptr<weights::WeightSource> source,
                                               const CancelFlag* cancel,
                                               std::function<void(std::uint64_t)> used) {
    if (!cancel && !used) return source;
    return std::make_unique<WatchedWeights>(std::move(source), cancel, std::move(used));
}

}  // namespace stillreel::diffusion
