// The UNet of a golden case and the case's tensors in our layout.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "models/i2vgen_unet.h"
#include "parity/layout.h"
#include "support/golden.h"
#include "weights/weight_source.h"

namespace stillreel::testing {

struct UnetCase {
    Golden golden;
    models::UnetConfig config;
    std::unique_ptr<weights::WeightSource> source;

    std::int64_t number(const char* param) const { return golden.about.at("params").at(param); }
    std::string module() const { return golden.about.at("module").get<std::string>(); }

    /// Images [N, C, H, W] as [N, H, W, C], clips [B, C, F, H, W] as [B * F, H, W, C], the rest as it is.
    tensor::Tensor tensor(tensor::Ops& ops, const std::string& name) const {
        const parity::Numbers& values = golden.at(name);
        return values.shape.rank() < 4 ? parity::tensor_of(ops, values) : parity::images_of(ops, values);
    }

    /// Fails the running test unless `got` agrees with the golden's tensor, which may lie channels first.
    void expect_equal(const std::string& name, const tensor::Tensor& got) const {
        const tensor::Shape& expected = golden.at(name).shape;
        if (expected.rank() < 4) return golden.expect_equal(name, got.span());
        golden.expect_equal(name, parity::clips_channels_first(got, got.shape()[0] / expected[0]));
    }

    models::UnetInputs inputs(tensor::Ops& ops) const {
        return {tensor(ops, "in.encoder_hidden_states"), tensor(ops, "in.image_embeddings"),
                tensor(ops, "in.image_latents"), golden.at("in.fps").values};
    }
};

inline std::string text_of(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline UnetCase load_unet_case(const std::filesystem::path& folder) {
    Golden golden = load_golden(folder);
    const std::filesystem::path unet = golden.model / "unet";
    const nlohmann::json& params = golden.about.at("params");
    auto source = params.contains("weights_file")
                      ? weights::open_weight_file(unet / params["weights_file"].get<std::string>())
                      : weights::open_weights(unet);
    return {std::move(golden), models::parse_unet_config(text_of(unet / "config.json")), std::move(source)};
}

}  // namespace stillreel::testing
