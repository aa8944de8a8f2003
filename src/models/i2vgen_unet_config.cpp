#include <fmt/core.h>

#include "base/error.h"
#include "models/config_fields.h"
#include "models/i2vgen_unet.h"

namespace stillreel::models {
namespace {

// No published model comes near these; beyond them a config is damaged.
constexpr std::size_t kMostLevels = 8;
constexpr std::int64_t kMostLayers = 64;
constexpr std::int64_t kLargestHead = 512;

/// Which blocks have attention, given the two class names that we know.
std::vector<bool> attention_of(const ConfigFields& fields, const char* field, const std::string& with,
                               const std::string& without, const std::vector<bool>& otherwise) {
    const std::vector<std::string> types = fields.texts(field, {});
    if (types.empty()) return otherwise;
    std::vector<bool> attention;
    for (const std::string& type : types) {
        if (type != with && type != without)
            throw Error(ErrorCode::unsupported,
                        fmt::format("unet/config.json: {} names the block type {}, which this program does "
                                    "not have (it has {} and {})",
                                    field, type, with, without));
        attention.push_back(type == with);
    }
    return attention;
}

/// The head's size, which older classes called num_attention_heads; one for all levels or one each.
std::vector<std::int64_t> head_sizes(const ConfigFields& fields, std::size_t levels) {
    for (const char* field : {"attention_head_dim", "num_attention_heads"}) {
        if (!fields.is_set(field)) continue;
        if (fields.is_list(field)) return fields.counts(field, {});
        return std::vector(levels, fields.count(field, 0));
    }
    return std::vector<std::int64_t>(levels, 64);
}

void check(const UnetConfig& config, const ConfigFields& fields) {
    const std::size_t levels = config.channels.size();
    if (levels > kMostLevels)
        fields.reject("block_out_channels", fmt::format("at most {} levels were expected", kMostLevels));
    if (config.layers_per_block > kMostLayers)
        fields.reject("layers_per_block", fmt::format("at most {} were expected", kMostLayers));
    const auto expect_levels = [&](std::size_t count, const char* field) {
        if (count != levels) fields.reject(field, fmt::format("block_out_channels has {} levels", levels));
    };
    expect_levels(config.down_attention.size(), "down_block_types");
    expect_levels(config.up_attention.size(), "up_block_types");
    expect_levels(config.head_size.size(), "attention_head_dim");
    for (std::size_t i = 0; i < levels; ++i) {
        if (config.channels[i] % config.groups)
            fields.reject("norm_num_groups",
                          fmt::format("it does not divide {} channels", config.channels[i]));
        if (config.head_size[i] > std::min(config.channels[i], kLargestHead))
            fields.reject("attention_head_dim",
                          fmt::format("its level has {} channels and heads are of {} at most",
                                      config.channels[i], kLargestHead));
    }
}

}  // namespace

UnetConfig parse_unet_config(std::string_view json) {
    const ConfigFields fields(json, "unet/config.json");
    fields.accept("_class_name", {"\"I2VGenXLUNet\""});
    UnetConfig config;
    config.channels = fields.counts("block_out_channels", config.channels);
    config.down_attention = attention_of(fields, "down_block_types", "CrossAttnDownBlock3D", "DownBlock3D",
                                         config.down_attention);
    config.up_attention =
        attention_of(fields, "up_block_types", "CrossAttnUpBlock3D", "UpBlock3D", config.up_attention);
    config.head_size = head_sizes(fields, config.channels.size());
    config.layers_per_block = static_cast<int>(fields.count("layers_per_block", config.layers_per_block));
    config.groups = static_cast<int>(fields.count("norm_num_groups", config.groups));
    config.in_channels = fields.count("in_channels", config.in_channels);
    config.out_channels = fields.count("out_channels", config.out_channels);
    config.context_width = fields.count("cross_attention_dim", config.context_width);
    check(config, fields);
    return config;
}

}  // namespace stillreel::models
