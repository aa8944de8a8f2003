#include "diffusion/unet_snr.h"

#include <cmath>
#include <utility>

#include "base/check.h"
#include "diffusion/unet_stage.h"
#include "tensor/cpu/cpu_backend.h"

namespace stillreel::diffusion {
namespace {

using tensor::Tensor;

constexpr const char* kResult = "result";

double decibels(const Tensor& exact, const Tensor& other) {
    double signal = 0, noise = 0;
    for (std::int64_t i = 0; i < exact.elements(); ++i) {
        const double x = exact.data()[i], difference = other.data()[i] - x;
        signal += x * x;
        noise += difference * difference;
    }
    return 10 * std::log10(signal / noise);
}

/// visit(name, output) for all parts of a pass and its result.
template <class Visit>
void run(tensor::Ops& ops, const UnetBenchRequest& request, Visit visit) {
    const auto source = UnetStage::random_weights();
    const UnetStage stage(ops, *source, request);
    const Tensor result =
        stage.run([&](std::string_view part, const Tensor& output) { visit(std::string(part), output); });
    visit(kResult, result);
}

}  // namespace

std::vector<UnetSnr> snr_of_unet(const UnetBenchRequest& request, const CancelFlag* cancel) {
    tensor::Ops ops(tensor::cpu_backend(request.threads, cancel),
                    tensor::Pool::create(tensor::Pool::Kind::memory));
    std::vector<std::pair<std::string, Tensor>> exact;
    UnetBenchRequest floats = request;
    floats.precision = tensor::Precision::f32;
    run(ops, floats,
        [&](const std::string& name, const Tensor& output) { exact.emplace_back(name, output); });
    std::vector<UnetSnr> snr;
    run(ops, request, [&](const std::string& name, const Tensor& output) {
        auto& [same, reference] = exact[snr.size()];
        STILLREEL_CHECK_EQ(name, same);
        snr.push_back({name, decibels(reference, output)});
        reference = {};
    });
    return snr;
}

}  // namespace stillreel::diffusion
