// The UNet as a whole.
#include "component.h"
#include "layout.h"
#include "models/i2vgen_unet.h"
#include "runners.h"

namespace stillreel::parity {

void run_unet(const GoldenCase& golden, Results& results, int threads) {
    const Component component = open_component(golden, "unet", models::I2VGenUnet::file_habits(), threads);
    const models::I2VGenUnet unet(component.loader->root(), models::parse_unet_config(component.config));
    component.loader->finish();
    tensor::Ops& ops = *component.ops;
    const std::int64_t frames = golden.at("in.image_latents").shape[2];
    const nn::Pass pass = component.pass(frames);
    models::UnetInputs inputs;
    inputs.text = tensor_of(ops, golden.at("in.encoder_hidden_states"));
    inputs.image_embedding = tensor_of(ops, golden.at("in.image_embeddings"));
    inputs.image_latents = images_of(ops, golden.at("in.image_latents"));
    inputs.fps = golden.at("in.fps").values;
    const double timestep = golden.at("in.timestep").values.at(0);
    if (golden.has("out.context")) results.check("out.context", unet.context(pass, inputs).span());
    if (golden.has("out.emb")) results.check("out.emb", unet.embedding(pass, timestep, inputs.fps).span());
    if (!golden.has("in.sample")) return;
    const auto condition = unet.prepare(pass, inputs);
    const tensor::Tensor sample = images_of(ops, golden.at("in.sample"));
    results.check("out.sample", clips_channels_first(unet(pass, sample, timestep, *condition), frames));
}

}  // namespace stillreel::parity
