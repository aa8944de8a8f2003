#include "diffusion/unet_bench.h"

#include "diffusion/unet_snr.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <set>

#include "support/throws.h"

namespace stillreel::diffusion {
namespace {

UnetBenchRequest tiny() {
    std::ifstream in(STILLREEL_SOURCE_DIR "/tests/goldens/models/tiny-i2vgenxl/unet/config.json");
    UnetBenchRequest request;
    request.config = models::parse_unet_config(std::string(std::istreambuf_iterator<char>(in), {}));
    request.width_px = 72;
    request.height_px = 40;
    request.frames = 3;
    request.passes = 1;
    request.profile = Profile::yes;
    return request;
}

TEST(UnetBench, EveryProfileCountsAllTheWorkOfThePass) {
    const UnetBenchResult result = bench_unet(tiny(), nullptr);
    double bytes = 0;
    for (const UnetBenchShare& share : result.by_operation) bytes += share.bytes;
    for (const auto* shares : {&result.by_operation, &result.by_layer, &result.by_layer_and_operation,
                               &result.by_block, &result.by_shape}) {
        double flops = 0, moved = 0;
        for (const UnetBenchShare& share : *shares) flops += share.flops, moved += share.bytes;
        EXPECT_NEAR(flops / result.flops, 1, 1e-9);
        EXPECT_NEAR(moved / bytes, 1, 1e-9);
    }
    EXPECT_GT(result.machine.flops_per_second, 0);
    EXPECT_GT(result.machine.bytes_per_second, 0);
    std::set<std::string> parts;
    for (const UnetBenchShare& share : result.by_layer_and_operation) parts.insert(share.name);
    for (const char* name : {"resnets, conv", "temp_convs, temporal_conv", "attentions, attention"})
        EXPECT_TRUE(parts.contains(name)) << name;
    std::set<std::string> layers;
    for (const UnetBenchShare& share : result.by_layer) layers.insert(share.name);
    EXPECT_EQ(layers, (std::set<std::string>{"attentions", "conv_in", "head", "resizers", "resnets",
                                             "temp_attentions", "temp_convs", "transformer_in"}));
}

TEST(UnetBench, WithFewerBitsItDoesTheSameWorkOnAPartOfTheWeights) {
    UnetBenchRequest request = tiny();
    request.profile = Profile::no;
    const UnetBenchResult floats = bench_unet(request, nullptr);
    for (const auto precision : {tensor::Precision::bf16, tensor::Precision::int8}) {
        request.precision = precision;
        const UnetBenchResult fewer = bench_unet(request, nullptr);
        EXPECT_DOUBLE_EQ(fewer.flops, floats.flops);
        EXPECT_LT(fewer.weight_bytes, floats.weight_bytes * 6 / 10)
            << "many layers of the tiny model are small";
    }
}

TEST(UnetBench, TellsHowFarFewerBitsAreFromFloatsLayerByLayer) {
    UnetBenchRequest request = tiny();
    for (const UnetSnr& part : snr_of_unet(request, nullptr)) EXPECT_EQ(part.decibels, HUGE_VAL) << part.name;
    request.precision = tensor::Precision::bf16;
    for (const UnetSnr& part : snr_of_unet(request, nullptr)) EXPECT_GT(part.decibels, 30) << part.name;
    request.precision = tensor::Precision::int8;
    const std::vector<UnetSnr> snr = snr_of_unet(request, nullptr);
    EXPECT_EQ(snr.front().name, "conv_in");
    EXPECT_EQ(snr.front().decibels, HUGE_VAL) << "conv_in stays in floats";
    EXPECT_EQ(snr.back().name, "result");
    for (const UnetSnr& part : snr) EXPECT_GT(part.decibels, 20) << part.name;
    EXPECT_LT(snr.back().decibels, 60);

    request.only = "mid_block";
    for (const UnetSnr& part : snr_of_unet(request, nullptr)) {
        const bool before = part.name.starts_with("down") || part.name.ends_with("_in");
        EXPECT_EQ(part.decibels == HUGE_VAL, before) << part.name;
    }
}

TEST(UnetBench, StopsWhenCancelled) {
    CancelFlag cancel;
    cancel.request();
    EXPECT_ERROR(bench_unet(tiny(), &cancel), ErrorCode::cancelled, "");
}

}  // namespace
}  // namespace stillreel::diffusion
