#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "backends.h"
#include "models/i2vgen_blocks.h"
#include "models/i2vgen_inputs.h"
#include "unet_case.h"
#include "weights/weight_scope.h"

namespace stillreel::models {
namespace {

using nn::Pass;
using nn::WeightScope;
using tensor::Ops;
using tensor::Tensor;
using testing::UnetCase;

/// A part of the UNet on the tensors of its case.
struct Part {
    const UnetCase& given;
    Ops& ops;
    WeightScope root;
    Pass pass;

    /// The scope that the case's `module` names ("unet.down_blocks.0").
    WeightScope scope() const {
        WeightScope at = root;
        std::string rest = given.module().substr(given.module().find('.') + 1);
        for (std::size_t dot = 0; !rest.empty();
             rest = dot == std::string::npos ? "" : rest.substr(dot + 1)) {
            dot = rest.find('.');
            at = at / rest.substr(0, dot);
        }
        return at;
    }
    Tensor in(const std::string& name) const { return given.tensor(ops, "in." + name); }
    Tensor hidden() const { return in("hidden_states"); }
    Tensor activated_time() const { return ops.activate(in("temb"), tensor::Activation::silu); }
    void expect_hidden(const Tensor& got) const { given.expect_equal("out.hidden_states", got); }
    /// Number after `list` in the module's path.
    std::size_t number_of(const std::string& list) const {
        const std::string path = given.module();
        return static_cast<std::size_t>(std::stoi(path.substr(path.find(list + ".") + list.size() + 1)));
    }
    /// Config of the level that the module lies in.
    BlockConfig block() const {
        const std::string path = given.module();
        if (path.find("down_blocks") != std::string::npos)
            return down_block_config(given.config, number_of("down_blocks"));
        if (path.find("up_blocks") != std::string::npos)
            return up_block_config(given.config, number_of("up_blocks"));
        return mid_block_config(given.config);
    }
    nn::AttentionConfig attention() const {
        const nn::TransformerShape shape = block().transformer();
        return {shape.heads * shape.head_size, shape.heads, shape.head_size};
    }
};

/// [B * S, F, C] of the reference's temporal layers as [B * F, S, C], or back when frames and pixels change
/// places.
Tensor frames_first(Ops& ops, const Tensor& x, std::int64_t clips, std::int64_t frames) {
    const std::int64_t features = x.shape()[2];
    const std::int64_t pixels = x.elements() / (clips * frames * features);
    Tensor y = ops.empty({clips * frames, pixels, features});
    for (std::int64_t b = 0; b < clips; ++b)
        for (std::int64_t s = 0; s < pixels; ++s)
            for (std::int64_t f = 0; f < frames; ++f)
                for (std::int64_t c = 0; c < features; ++c)
                    y.mutable_data()[((b * frames + f) * pixels + s) * features + c] =
                        x.data()[((b * pixels + s) * frames + f) * features + c];
    return y;
}

void run_temporal(const Part& part, const std::function<Tensor(Tensor)>& layer) {
    const std::int64_t clips = part.given.number("batch");
    const Tensor x = frames_first(part.ops, part.hidden(), clips, part.pass.frames);
    const std::int64_t pixels = x.shape()[1];
    part.expect_hidden(frames_first(part.ops, layer(x), clips, pixels));
}

void run_time_embedding(const Part& part) {
    const std::int64_t c0 = part.given.config.channels[0];
    const Embedder time(part.root / "time_embedding", "linear_1", "linear_2", {c0, 4 * c0, 4 * c0});
    const Embedder fps(part.root / "fps_embedding", "0", "2", {c0, 4 * c0, 4 * c0});
    const Tensor time_sinusoid = sinusoids(part.ops, part.given.golden.at("in.timestep").values, c0);
    const Tensor fps_sinusoid = sinusoids(part.ops, part.given.golden.at("in.fps").values, c0);
    const Tensor time_emb = time(part.ops, time_sinusoid);
    const Tensor fps_emb = fps(part.ops, fps_sinusoid);
    part.given.expect_equal("out.time_sinusoid", time_sinusoid);
    part.given.expect_equal("out.fps_sinusoid", fps_sinusoid);
    part.given.expect_equal("out.time_emb", time_emb);
    part.given.expect_equal("out.fps_emb", fps_emb);
    part.given.expect_equal("out.emb", part.ops.add(time_emb, fps_emb));
}

void run_context(const Part& part) {
    const I2VGenUnet unet(part.root, part.given.config);
    const double timestep = part.given.golden.at("in.timestep").values[0];
    part.given.expect_equal("out.context", unet.context(part.pass, part.given.inputs(part.ops)));
    part.given.expect_equal("out.emb",
                            unet.embedding(part.pass, timestep, part.given.golden.at("in.fps").values));
}

void run_context_embedding(const Part& part) {
    const ImageLatentsContextEmbedding embedding(part.scope(), part.given.config.in_channels,
                                                 part.given.config.context_width);
    for (const auto& size : part.given.golden.about.at("params").at("sizes")) {
        const std::string name =
            std::to_string(size[0].get<int>()) + "x" + std::to_string(size[1].get<int>());
        part.given.expect_equal("out.embedding." + name, embedding(part.ops, part.in("latents." + name)));
    }
}

void run_basic_block_spatial(const Part& part) {
    const nn::TransformerBlock block(part.scope(),
                                     {part.attention(), nn::Along::image, part.given.config.context_width});
    const Tensor kv = block.keys_values(part.ops, part.in("encoder_hidden_states"));
    part.expect_hidden(block(part.pass, part.hidden(), kv));
}

void run_cross_attention(const Part& part) {
    const nn::CrossAttention attention(part.scope(), part.attention(), part.given.config.context_width);
    const Tensor kv = attention.keys_values(part.ops, part.in("encoder_hidden_states"));
    part.expect_hidden(attention(part.pass, part.hidden(), kv, {}));
}

void run_down_block(const Part& part) {
    const DownBlock block = make_down_block(part.scope(), part.given.config, part.number_of("down_blocks"));
    std::vector<Tensor> kv;
    if (part.given.golden.has("in.encoder_hidden_states"))
        kv = block.keys_values(part.ops, part.in("encoder_hidden_states"));
    const DownBlock::Output out = block(part.pass, part.hidden(), {part.activated_time(), kv});
    part.expect_hidden(out.hidden);
    for (std::size_t i = 0; i < out.skips.size(); ++i)
        part.given.expect_equal("out.res." + std::to_string(i), out.skips[i]);
    EXPECT_FALSE(part.given.golden.has("out.res." + std::to_string(out.skips.size())));
}

void run_mid_block(const Part& part) {
    const MidBlock block = make_mid_block(part.scope(), part.given.config);
    const std::vector<Tensor> kv = block.keys_values(part.ops, part.in("encoder_hidden_states"));
    part.expect_hidden(block(part.pass, part.hidden(), {part.activated_time(), kv}));
}

void run_up_block(const Part& part) {
    const UpBlock block = make_up_block(part.scope(), part.given.config, part.number_of("up_blocks"));
    std::vector<Tensor> kv, skips;
    if (part.given.golden.has("in.encoder_hidden_states"))
        kv = block.keys_values(part.ops, part.in("encoder_hidden_states"));
    for (int i = 0; part.given.golden.has("in.res_hidden_states_tuple." + std::to_string(i)); ++i)
        skips.push_back(part.in("res_hidden_states_tuple." + std::to_string(i)));
    std::optional<nn::ImageSize> size;
    const auto& params = part.given.golden.about.at("params");
    if (params.contains("upsample_size"))
        size = nn::ImageSize{params["upsample_size"][0], params["upsample_size"][1]};
    part.expect_hidden(block(part.pass, part.hidden(), skips, {part.activated_time(), kv}, size));
    EXPECT_TRUE(skips.empty());
}

nn::ResnetBlock resnet_of(const Part& part, std::int64_t in) {
    const BlockConfig block = part.block();
    return nn::ResnetBlock(part.scope(), {in, block.channels, block.groups, 1e-5f, block.embedding});
}

void run_resnet(const Part& part) {
    const Tensor x = part.in("input_tensor");
    part.expect_hidden(resnet_of(part, x.shape()[3])(part.pass, x, part.activated_time()));
}

void run_whole(const Part& part) {
    const I2VGenUnet unet(part.root, part.given.config);
    const auto condition = unet.prepare(part.pass, part.given.inputs(part.ops));
    part.given.expect_equal("out.sample", unet(part.pass, part.in("sample"),
                                               part.given.golden.at("in.timestep").values[0], *condition));
}

const std::map<std::string, std::function<void(const Part&)>>& parts() {
    static const std::map<std::string, std::function<void(const Part&)>> all = {
        {"time-embedding", run_time_embedding},
        {"context", run_context},
        {"image-latents-context-embedding", run_context_embedding},
        {"image-latents-proj-in",
         [](const Part& p) {
             p.expect_hidden(ImageLatentsProjIn(p.scope(), p.given.config.in_channels)(p.ops, p.hidden()));
         }},
        {"image-latents-temporal-encoder",
         [](const Part& p) {
             const ImageLatentsTemporalEncoder encoder(p.scope(), p.given.config.in_channels);
             run_temporal(p, [&](Tensor x) { return encoder(p.pass, std::move(x)); });
         }},
        {"conv-in",
         [](const Part& p) {
             const nn::Conv conv(p.scope(), 2 * p.given.config.in_channels, p.given.config.channels[0],
                                 tensor::Window::same3x3());
             p.expect_hidden(conv(p.ops, p.hidden()));
         }},
        {"transformer-in",
         [](const Part& p) {
             p.expect_hidden(make_transformer_in(p.scope(), p.given.config)(p.pass, p.hidden()));
         }},
        {"transformer-temporal",
         [](const Part& p) {
             p.expect_hidden(nn::TransformerTemporal(p.scope(), p.block().transformer())(p.pass, p.hidden()));
         }},
        {"transformer2d",
         [](const Part& p) {
             const nn::Transformer2D layer(p.scope(), p.block().transformer(), p.given.config.context_width);
             const Tensor kv = layer.keys_values(p.ops, p.in("encoder_hidden_states"));
             p.expect_hidden(layer(p.pass, p.hidden(), kv));
         }},
        {"basic-block-spatial", run_basic_block_spatial},
        {"basic-block-temporal",
         [](const Part& p) {
             const nn::TransformerBlock block(p.scope(), {p.attention(), nn::Along::frames, 0});
             run_temporal(p, [&](Tensor x) { return block(p.pass, std::move(x)); });
         }},
        {"cross-attention", run_cross_attention},
        {"feed-forward-geglu",
         [](const Part& p) {
             const std::int64_t width = p.attention().width;
             const nn::FeedForward ff(p.scope(), width, 4 * width, nn::FeedForwardKind::geglu);
             p.expect_hidden(ff(p.ops, p.hidden(), {}));
         }},
        {"resnet-plain", run_resnet},
        {"resnet-shortcut", run_resnet},
        {"temporal-conv",
         [](const Part& p) {
             const nn::TemporalConv layer(p.scope(), p.block().channels, p.block().groups);
             p.expect_hidden(layer(p.pass, p.hidden()));
         }},
        {"downsample",
         [](const Part& p) {
             const nn::Downsample layer(p.scope(), p.block().channels, nn::Downsample::padded_around());
             p.expect_hidden(layer(p.pass, p.hidden()));
         }},
        {"upsample",
         [](const Part& p) {
             const nn::Upsample layer(p.scope(), p.block().channels, nn::Upsample::Sizes::any);
             p.expect_hidden(layer(p.pass, p.hidden()));
         }},
        {"down-block-0", run_down_block},
        {"down-block-1", run_down_block},
        {"down-block-2", run_down_block},
        {"down-block-3", run_down_block},
        {"mid-block", run_mid_block},
        {"up-block-0", run_up_block},
        {"up-block-1", run_up_block},
        {"up-block-2", run_up_block},
        {"up-block-3", run_up_block},
        {"head",
         [](const Part& p) { p.expect_hidden(UnetHead(p.root, p.given.config)(p.pass, p.hidden())); }},
        {"whole", run_whole}};
    return all;
}

TEST(I2VGenParts, EveryPartGivesTheReferencesNumbersOnEveryBackend) {
    const auto cases = testing::golden_cases("unet_sub-");
    ASSERT_GE(cases.size(), 10u);
    for (const auto& folder : cases) {
        const UnetCase given = testing::load_unet_case(folder);
        const std::string name = given.golden.about.at("name");
        ASSERT_TRUE(parts().contains(name)) << "no test runs " << name;
        for (auto& [backend, ops] : testing::backends()) {
            SCOPED_TRACE(name + " on the " + backend);
            weights::WeightLoader loader("unet", *given.source, ops);
            const auto& params = given.golden.about.at("params");
            parts().at(name)({given, ops, loader.root(), {ops, params.value("frames", 1), {}, {}}});
        }
    }
}

}  // namespace
}  // namespace stillreel::models
