#include "models/vae.h"

#include <algorithm>

#include "models/config_fields.h"

namespace stillreel::models {
namespace {

// What the attention kernels take at most.
constexpr std::int64_t kLargestHead = 512;

void check_block_types(const ConfigFields& fields, const char* field, const std::string& known,
                       std::size_t levels) {
    const std::vector<std::string> types = fields.texts(field, {known});
    if (std::any_of(types.begin(), types.end(), [&](const std::string& type) { return type != known; }))
        fields.refuse(field);
    if (types.size() != levels) fields.reject(field, "as many as in block_out_channels were expected");
}

/// Parts of AutoencoderKL that change numbers and that we do not have.
void refuse_what_we_lack(const ConfigFields& fields) {
    fields.accept("_class_name", {R"("AutoencoderKL")"});
    fields.accept("act_fn", {R"("silu")", R"("swish")"});
    fields.accept("shift_factor", {"0.0"});
    fields.accept("latents_mean", {});
    fields.accept("latents_std", {});
    fields.accept("mid_block_add_attention", {"true"});
}

}  // namespace

VaeConfig parse_vae_config(std::string_view json) {
    const ConfigFields fields(json, "vae/config.json");
    refuse_what_we_lack(fields);
    VaeConfig config;
    config.channels = fields.counts("block_out_channels", config.channels);
    config.layers_per_block = static_cast<int>(fields.count("layers_per_block", config.layers_per_block));
    config.image_channels = fields.count("in_channels", config.image_channels);
    config.latent_channels = fields.count("latent_channels", config.latent_channels);
    config.groups = static_cast<int>(fields.count("norm_num_groups", config.groups));
    config.scaling_factor = fields.positive("scaling_factor", config.scaling_factor);
    config.quant_conv = fields.flag("use_quant_conv", config.quant_conv);
    config.post_quant_conv = fields.flag("use_post_quant_conv", config.post_quant_conv);

    check_block_types(fields, "down_block_types", "DownEncoderBlock2D", config.channels.size());
    check_block_types(fields, "up_block_types", "UpDecoderBlock2D", config.channels.size());
    if (config.image_channels != 3) fields.refuse("in_channels");
    if (fields.count("out_channels", 3) != 3) fields.refuse("out_channels");
    if (config.channels.back() > kLargestHead) fields.refuse("block_out_channels");
    for (const std::int64_t channels : config.channels)
        if (channels % config.groups != 0)
            fields.reject("norm_num_groups", "it must divide every number of block_out_channels");
    return config;
}

weights::FileHabits vae_file_habits(VaeHalf built) {
    // diffusers before 0.15 called the attention's layers so.
    static constexpr weights::Rename kRenames[] = {
        {"to_q", "query"}, {"to_k", "key"}, {"to_v", "value"}, {"to_out.0", "proj_attn"}};
    static constexpr std::string_view kOfDecoder[] = {"decoder.", "post_quant_conv."};
    static constexpr std::string_view kOfEncoder[] = {"encoder.", "quant_conv."};
    if (built == VaeHalf::encoder) return {kRenames, {}, kOfDecoder};
    return {kRenames, {}, kOfEncoder};
}

}  // namespace stillreel::models
