// The names and shapes of a published model's tensors (tests/weights/keys), as a source of weights without
// numbers: a model that is built from it on the meta backend proves that it takes every tensor.
//
//     const KeyList keys = load_key_list("i2vgenxl-vae");
//     const auto source = weights_of(keys);
//     tensor::Ops ops = tensor::meta_ops();
//     weights::WeightLoader loader("vae", *source, ops, habits);
//     const Vae vae(loader.root(), parse_config(keys.config));
//     loader.finish();
//     EXPECT_EQ(loader.parameters(), keys.elements());
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tensor/tensor.h"
#include "weights/weight_source.h"

namespace stillreel::testing {

struct KeyList {
    std::string name;    // "i2vgenxl-unet"
    std::string config;  // text of the published config.json
    std::map<std::string, tensor::Shape> shapes;

    std::int64_t elements() const;
};

/// One of i2vgenxl-unet, i2vgenxl-vae, clip-vit-h-14-text, clip-vit-h-14-vision. Throws std::runtime_error.
KeyList load_key_list(const std::string& name);

/// Exactly the tensors of the list, f32, with null data. `keys` must outlive it.
std::unique_ptr<weights::WeightSource> weights_of(const KeyList& keys);

}  // namespace stillreel::testing
