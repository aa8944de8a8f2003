// The UNet of a golden case and the case's tensors in our layout.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "models/i2vgen_unet.h"
#include "support/golden.h"
#include "support/golden_tensors.h"
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
        const GoldenTensor& values = golden.at(name);
        const std::vector<std::int64_t>& s = values.shape;
        if (s.size() == 4) return image_tensor(ops, values);
        if (s.size() == 5)
            return ops.upload({s[0] * s[2], s[3], s[4], s[1]},
                              with_channels(values.floats(), s[0], s[1], Channels::to_last));
        return ops.upload(tensor::Shape(s), values.floats());
    }

    /// Fails the running test unless `got` agrees with the golden's tensor, which may lie channels first.
    void expect_equal(const std::string& name, const tensor::Tensor& got) const {
        const std::vector<std::int64_t>& s = golden.at(name).shape;
        if (s.size() < 4) return golden.expect_equal(name, got.span());
        const std::vector<float> numbers(got.span().begin(), got.span().end());
        golden.expect_equal(name, with_channels(numbers, s[0], s[1], Channels::to_first));
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
    const std::filesystem::path unet = model_folder(folder, golden) / "unet";
    const nlohmann::json& params = golden.about.at("params");
    auto source = params.contains("weights_file")
                      ? weights::open_weight_file(unet / params["weights_file"].get<std::string>())
                      : weights::open_weights(unet);
    return {std::move(golden), models::parse_unet_config(text_of(unet / "config.json")), std::move(source)};
}

}  // namespace stillreel::testing
