#include "diffusion/unet_bench.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/clock.h"
#include "base/machine.h"
#include "base/statistics.h"
#include "diffusion/machine_rate.h"
#include "diffusion/unet_stage.h"
#include "tensor/cpu/cpu_backend.h"
#include "tensor/meta/meta_backend.h"

namespace stillreel::diffusion {
namespace {

using tensor::Ops;
using tensor::Tensor;
using Stage = UnetStage;

double flops_of_pass(const UnetBenchRequest& request) {
    Ops ops = tensor::meta_ops();
    const auto source = weights::shape_weights();
    Stage stage(ops, *source, request);
    double flops = 0;
    ops.observe([&](const tensor::OpRecord& record) { flops += record.flops; });
    stage.seconds_of_pass();
    return flops;
}

/// "down_blocks.0.resnets.1" is one of the "resnets"; what has no list is itself.
std::string kind_of_layer(std::string part) {
    const std::size_t dot = part.rfind('.');
    if (dot == std::string::npos) return part;
    part.resize(dot);
    return part.substr(part.rfind('.') + 1);
}

/// Sums operations under names and remembers which belong to the part that is reported next.
class Shares {
  public:
    void add(const std::string& name, const tensor::OpRecord& record) {
        UnetBenchShare& share = shares_[name];
        share.name = name;
        ++share.operations;
        share.seconds += record.seconds;
        share.flops += record.flops;
        share.bytes += record.bytes;
    }
    std::vector<UnetBenchShare> slowest_first() const {
        std::vector<UnetBenchShare> list;
        for (const auto& [name, share] : shares_) list.push_back(share);
        std::sort(list.begin(), list.end(),
                  [](const UnetBenchShare& a, const UnetBenchShare& b) { return a.seconds > b.seconds; });
        return list;
    }

  private:
    std::map<std::string, UnetBenchShare> shares_;
};

/// An operation without the reference to its result, which is gone when its part is reported.
struct Done {
    tensor::OpKind kind;
    double flops, bytes, seconds;
    tensor::Shape result;
    std::int64_t inputs;
    tensor::OpRecord record() const { return {kind, flops, bytes, seconds, result, inputs}; }
};

void profile(Stage& stage, UnetBenchResult& result) {
    Shares operations, layers, operations_of_layers, blocks, shapes;
    std::vector<Done> of_layer, of_block;
    stage.ops.observe([&](const tensor::OpRecord& r) {
        operations.add(std::string(name_of(r.kind)), r);
        shapes.add(fmt::format("{} {} -> {}", name_of(r.kind), r.inputs, to_string(r.result)), r);
        of_layer.push_back({r.kind, r.flops, r.bytes, r.seconds, r.result, r.inputs});
        of_block.push_back(of_layer.back());
    });
    const auto report_layer = [&](const std::string& name) {
        for (const Done& one : of_layer) {
            layers.add(name, one.record());
            operations_of_layers.add(fmt::format("{}, {}", name, name_of(one.kind)), one.record());
        }
        of_layer.clear();
    };
    const auto report_block = [&](const std::string& name) {
        for (const Done& one : of_block) blocks.add(name, one.record());
        of_block.clear();
    };
    const double seconds = stage.seconds_of_pass([&](std::string_view part, const Tensor&) {
        // Blocks are reported after their layers: what is left for them is the change of size.
        const std::string name(part);
        const auto dots = std::count(name.begin(), name.end(), '.');
        report_layer(dots == 1 ? "resizers" : kind_of_layer(name));
        if (dots <= 1) report_block(name);
    });
    report_layer("head");
    report_block("head");
    stage.ops.observe({});
    if (result.seconds_per_pass == 0) result.seconds_per_pass = seconds;
    result.by_operation = operations.slowest_first();
    result.by_layer = layers.slowest_first();
    result.by_layer_and_operation = operations_of_layers.slowest_first();
    result.by_block = blocks.slowest_first();
    result.by_shape = shapes.slowest_first();
}

}  // namespace

UnetBenchResult bench_unet(const UnetBenchRequest& request, const CancelFlag* cancel) {
    UnetBenchResult result;
    result.flops = flops_of_pass(request);
    Ops ops(tensor::cpu_backend(request.threads, cancel), tensor::Pool::create(tensor::Pool::Kind::memory));
    const auto source =
        request.weights == BenchWeights::random ? UnetStage::random_weights() : weights::repeated_weights();
    const Stopwatch loading;
    Stage stage(ops, *source, request);
    result.load_seconds = loading.seconds();
    result.weight_bytes = ops.packed_bytes();

    // The machine's rate is taken before and after, so that a neighbour's work does not make us look better.
    result.machine.flops_per_second = product_rate(ops);
    stage.seconds_of_pass();
    const std::uint64_t before = ops.pool().live_bytes();
    ops.pool().reset_peak();
    std::vector<double> seconds;
    for (int i = 0; i < request.passes; ++i) seconds.push_back(stage.seconds_of_pass());
    if (!seconds.empty()) result.seconds_per_pass = median(seconds);
    result.activation_bytes = ops.pool().peak_bytes() - before;
    result.peak_rss_bytes = peak_rss_bytes();
    result.machine.flops_per_second = std::max(result.machine.flops_per_second, product_rate(ops));
    if (request.profile == Profile::no) return result;
    result.machine.bytes_per_second = copy_rate(ops);
    profile(stage, result);
    return result;
}

}  // namespace stillreel::diffusion
