#include "component.h"

#include "base/error.h"
#include "base/file.h"
#include "tensor/cpu/cpu_backend.h"

namespace stillreel::parity {

constexpr std::uint64_t kMaxConfigBytes = 1u << 20;

Component open_component(const GoldenCase& golden, const std::string& folder,
                         const weights::FileHabits& habits, int threads) {
    if (golden.model.empty())
        throw Error(ErrorCode::corrupt_data, "case " + golden.name + " names no model folder");
    const fs::path root = golden.model / folder;
    Component component;
    component.config = read_text_file(root / "config.json", kMaxConfigBytes);
    const std::string file = golden.params.value("weights_file", "");
    component.source = file.empty() ? weights::open_weights(root) : weights::open_weight_file(root / file);
    component.ops = std::make_unique<tensor::Ops>(tensor::cpu_backend(threads, nullptr),
                                                  tensor::Pool::create(tensor::Pool::Kind::memory));
    component.loader =
        std::make_unique<weights::WeightLoader>(folder, *component.source, *component.ops, habits);
    return component;
}

}  // namespace stillreel::parity
