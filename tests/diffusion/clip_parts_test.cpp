// The small parts of a run: layouts, guidance, weights that stop being read.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "diffusion/guidance.h"
#include "diffusion/latent_layout.h"
#include "diffusion/watched_weights.h"
#include "support/throws.h"

namespace {

using namespace stillreel::diffusion;

TEST(LatentLayout, GoesToTheReferencesLayoutsAndBack) {
    const LatentSize size{2, 1, 3, 2};
    std::vector<float> here(size.elements());
    std::iota(here.begin(), here.end(), 0.0f);  // [f, x, c] = 6 f + 2 x + c
    const std::vector<float> clip{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11};
    const std::vector<float> frames{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11};
    EXPECT_EQ(to_clip_layout(here, size), clip);
    EXPECT_EQ(from_clip_layout(clip, size), here);
    EXPECT_EQ(to_frame_layout(here, size), frames);
    EXPECT_EQ(from_frame_layout(frames, size), here);
}

TEST(Guidance, GoesAwayFromTheNegative) {
    const std::vector<float> negative{1, 2}, positive{3, -2};
    EXPECT_EQ(guided({negative, positive}, 1, 0), positive);
    EXPECT_EQ(guided({negative, positive}, 2.5, 0), (std::vector<float>{6, -8}));
}

TEST(Guidance, RescalesTowardsThePositivesDeviation) {
    const std::vector<float> negative{0, 1, 0, -1, 2}, positive{1, -1, 3, 0, 2};
    const auto deviation = [](const std::vector<float>& x) {
        const double mean = std::accumulate(x.begin(), x.end(), 0.0) / double(x.size());
        double sum = 0;
        for (const float v : x) sum += (v - mean) * (v - mean);
        return std::sqrt(sum);
    };
    const auto plain = guided({negative, positive}, 9, 0);
    const auto full = guided({negative, positive}, 9, 1);
    const auto part = guided({negative, positive}, 9, 0.7);
    EXPECT_NEAR(deviation(full), deviation(positive), 1e-5);
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(part[i], 0.7 * full[i] + 0.3 * plain[i], 1e-5);
    const std::vector<float> flat{4, 4};
    EXPECT_EQ(guided({flat, flat}, 9, 0.5), flat);
}

TEST(PolledWeights, StopBeingReadWhenCancelled) {
    stillreel::CancelFlag cancel;
    const auto source = watched(stillreel::weights::shape_weights(), &cancel);
    EXPECT_TRUE(source->find("a", {2, 3}));
    source->release("a");
    EXPECT_TRUE(source->holds("a"));
    cancel.request();
    EXPECT_ERROR(source->find("a", {2, 3}), stillreel::ErrorCode::cancelled, "");
}

}  // namespace
