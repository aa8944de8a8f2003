#include "diffusion/unet_bench.h"

#include <gtest/gtest.h>

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
    for (const auto* shares : {&result.by_operation, &result.by_layer, &result.by_block, &result.by_shape}) {
        double flops = 0;
        for (const UnetBenchShare& share : *shares) flops += share.flops;
        EXPECT_NEAR(flops / result.flops, 1, 1e-9);
    }
    std::set<std::string> layers;
    for (const UnetBenchShare& share : result.by_layer) layers.insert(share.name);
    EXPECT_EQ(layers, (std::set<std::string>{"attentions", "conv_in", "head", "resizers", "resnets",
                                             "temp_attentions", "temp_convs", "transformer_in"}));
}

TEST(UnetBench, StopsWhenCancelled) {
    CancelFlag cancel;
    cancel.request();
    EXPECT_ERROR(bench_unet(tiny(), &cancel), ErrorCode::cancelled, "");
}

}  // namespace
}  // namespace stillreel::diffusion
