#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "nn/chunks.h"
#include "nn/resnet_block.h"
#include "nn/temporal_conv.h"
#include "nn/transformer.h"
#include "support/reference_backend.h"
#include "weights/weight_source.h"

namespace stillreel::nn {
namespace {

using tensor::Shape;

/// Layers on made-up weights and made-up inputs.
class Blocks : public ::testing::Test {
  protected:
    Tensor made(const Shape& shape) {
        std::vector<float> numbers(static_cast<std::size_t>(shape.elements()));
        for (std::size_t i = 0; i < numbers.size(); ++i)
            numbers[i] = static_cast<float>(std::sin(0.37 * static_cast<double>(i + 7 * ++drawn_)));
        return ops.upload(shape, numbers);
    }
    static std::vector<float> numbers_of(const Tensor& x) { return {x.span().begin(), x.span().end()}; }
    static Shape shape_of(const Tensor& x) { return x.shape(); }

    tensor::Ops ops = testing::reference_ops();
    std::unique_ptr<weights::WeightSource> source = weights::random_weights(5);
    weights::WeightLoader loader{"test", *source, ops};
    WeightScope w = loader.root();

  private:
    std::size_t drawn_ = 0;
};

TEST_F(Blocks, ResnetAddsATimeEmbeddingOfTheClipToEveryFrame) {
    const ResnetBlock block(w / "resnet", {8, 12, 4, 1e-5f, 16});
    const Tensor x = made({4, 3, 5, 8});
    const Tensor clips = made({2, 16});
    const Tensor frames[] = {clips.slice(0, 1), clips.slice(0, 1), clips.slice(1, 1), clips.slice(1, 1)};
    const Pass pass{ops, 2};
    const Tensor result = block(pass, x, clips);
    EXPECT_EQ(shape_of(result), (Shape{4, 3, 5, 12}));
    EXPECT_EQ(numbers_of(result), numbers_of(block(pass, x, ops.concat_images(frames))));
    EXPECT_NE(numbers_of(result.slice(0, 2)), numbers_of(block(pass, x.slice(0, 2), clips.slice(1, 1))));
}

TEST_F(Blocks, ResnetJoinsASkipAsIfItWereOneInput) {
    const ResnetBlock block(w / "resnet", {20, 12, 4, 1e-5f});
    const Tensor x = made({3, 4, 4, 8});
    const Tensor skip = made({3, 4, 4, 12});
    const std::vector<float> expected = numbers_of(block({ops}, ops.concat_channels(x, skip)));
    EXPECT_EQ(numbers_of(block.joined({ops}, x, skip, {})), expected);
    EXPECT_EQ(numbers_of(block.joined({ops, 1, {2, 0}}, x, skip, {})), expected);
}

TEST_F(Blocks, InputsThatSomebodyElseSeesStayAsTheyAre) {
    const ResnetBlock resnet(w / "resnet", {8, 8, 4, 1e-5f});
    const TemporalConv conv(w / "conv", 8, 4);
    const TransformerTemporal transformer(w / "transformer", {8, 4, 2, 4});
    const Tensor x = made({4, 3, 3, 8});
    const std::vector<float> before = numbers_of(x);
    for (const Chunking chunking : {Chunking{}, Chunking{1, 4}}) {
        const Pass pass{ops, 2, chunking};
        resnet(pass, x);
        conv(pass, x);
        transformer(pass, x);
        EXPECT_EQ(numbers_of(x), before);
    }
}

TEST_F(Blocks, PartsOfAnInputThatNobodyElseNeedsTakeNoMemoryForTheResult) {
    Tensor x = made({6, 10});
    const std::vector<float> before = numbers_of(x);
    const std::uint64_t bytes = ops.pool().live_bytes();
    Tensor y =
        in_chunks(ops, std::move(x), 2, 6, [&](Tensor part, std::int64_t) { return ops.add(part, part); });
    EXPECT_EQ(ops.pool().live_bytes(), bytes);
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(y.span()[i], 2 * before[i]);
}

TEST_F(Blocks, PartsDoNotCrossClips) {
    std::vector<std::int64_t> begins;
    in_chunks(ops, made({6, 10}), 2, 3, [&](Tensor part, std::int64_t begin) {
        begins.push_back(begin);
        return part;
    });
    EXPECT_EQ(begins, (std::vector<std::int64_t>{0, 2, 3, 5}));
}

TEST_F(Blocks, UpsamplingMeetsAnySizeAndDownsamplingRoundsUp) {
    const Upsample up(w / "up", 8, Upsample::Sizes::any);
    const Downsample around(w / "down", 8, Downsample::padded_around());
    const Downsample after(w / "down", 8, Downsample::padded_after());
    const Tensor x = made({2, 3, 5, 8});
    EXPECT_EQ(shape_of(up({ops}, x)), (Shape{2, 6, 10, 8}));
    EXPECT_EQ(shape_of(up({ops}, x, ImageSize{5, 9})), (Shape{2, 5, 9, 8}));
    EXPECT_EQ(numbers_of(up({ops, 1, {1, 0}}, x, ImageSize{5, 9})),
              numbers_of(up({ops}, x, ImageSize{5, 9})));
    EXPECT_EQ(shape_of(around({ops}, x)), (Shape{2, 2, 3, 8}));
    EXPECT_EQ(shape_of(after({ops}, x)), (Shape{2, 1, 2, 8}));
}

TEST_F(Blocks, FramesOfAClipShareItsContext) {
    const CrossAttention attention(w / "attn2", {8, 2, 4}, 6);
    const Tensor x = made({4, 5, 8});
    const Tensor context = made({2, 7, 6});
    const Tensor repeated[] = {context.slice(0, 1), context.slice(0, 1), context.slice(1, 1),
                               context.slice(1, 1)};
    const Tensor shared = attention.keys_values(ops, context);
    const Tensor own = attention.keys_values(ops, ops.concat_images(repeated));
    EXPECT_EQ(numbers_of(attention({ops}, x, shared, {})), numbers_of(attention({ops}, x, own, {})));
}

TEST_F(Blocks, AttentionOverFramesSeesThePixelAtAllTimesAndNoOther) {
    const SelfAttention attention(w / "attn1", {8, 2, 4}, Along::frames);
    const Tensor x = made({6, 3, 8});
    const std::vector<float> whole = numbers_of(attention({ops, 3}, x, {}));
    // Pixel 1 of the second clip alone.
    std::vector<float> pixel;
    for (std::int64_t frame = 3; frame < 6; ++frame) {
        const auto row = x.span().subspan(static_cast<std::size_t>((frame * 3 + 1) * 8), 8);
        pixel.insert(pixel.end(), row.begin(), row.end());
    }
    const std::vector<float> alone = numbers_of(attention({ops, 3}, ops.upload({3, 1, 8}, pixel), {}));
    for (std::size_t frame = 0; frame < 3; ++frame)
        for (std::size_t c = 0; c < 8; ++c)
            EXPECT_EQ(alone[frame * 8 + c], whole[((3 + frame) * 3 + 1) * 8 + c]);
}

TEST_F(Blocks, TokensThatAreAllAlikeAreMergedWithoutALoss) {
    const Transformer2D transformer(w / "transformer", {8, 4, 2, 4}, 6);
    const Tensor keys_values = transformer.keys_values(ops, made({1, 7, 6}));
    const Tensor squares = ops.upsample_nearest(made({2, 3, 5, 8}), 6, 10), mixed = made({2, 6, 10, 8});
    const auto run = [&](const Tensor& x, double merged, std::int64_t images = 0) {
        return numbers_of(transformer({ops, 2, {images, 0}, {}, merged}, x, keys_values));
    };
    const std::vector<float> whole = run(squares, 0), merged = run(squares, 0.75);
    for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(merged[i], whole[i], 1e-5);
    EXPECT_NE(run(mixed, 0.5), run(mixed, 0));
    EXPECT_EQ(run(mixed, 0.5, 1), run(mixed, 0.5)) << "an image at a time";
    EXPECT_EQ(run(mixed, 0.01), run(mixed, 0)) << "less than a token";
}

TEST_F(Blocks, FramesOfOtherClipsDoNotMixInTemporalConvolutions) {
    const TemporalConv conv(w / "conv", 8, 4);
    const Tensor x = made({6, 2, 2, 8});
    const std::vector<float> both = numbers_of(conv({ops, 3}, x));
    const std::vector<float> second = numbers_of(conv({ops, 3}, x.slice(3, 3)));
    EXPECT_EQ(std::vector<float>(both.begin() + 3 * 32, both.end()), second);
}

}  // namespace
}  // namespace stillreel::nn
