#include "diffusion/fingerprint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace stillreel::diffusion {
namespace {

using nlohmann::json;

template <class Value>
std::string digest_of(const std::vector<Value>& values) {
    return sha256_hex({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)});
}

std::string_view instruction_set() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return "avx512";
    if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
    return "baseline";
}

json files_of(const weights::ModelFolder& folder) {
    json files = json::array();
    for (const auto& [name, component] : folder.components) {
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(component.folder, ignored)) {
            if (!entry.is_regular_file(ignored)) continue;
            files.push_back({name, entry.path().filename().string(), entry.file_size(ignored),
                             entry.last_write_time(ignored).time_since_epoch().count()});
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

json noise_of(const GivenNoise& noise) {
    json parts{digest_of(noise.vae), digest_of(noise.latents)};
    for (const auto& variance : noise.variance) parts.push_back(digest_of(variance));
    return parts;
}

json fields_of(const I2VGenRequest& request) {
    const image::Image& picture = request.picture;
    return {{"picture", {picture.width_px, picture.height_px, digest_of(picture.pixels)}},
            {"prompt", sha256_hex(request.prompt)},
            {"negative_prompt", sha256_hex(request.negative_prompt)},
            {"size", {request.width_px, request.height_px}},
            {"frames", request.frames},
            {"fps", request.fps},
            {"steps", request.steps},
            {"guidance", request.guidance},
            {"guidance_rescale", request.guidance_rescale},
            {"eta", request.eta},
            {"seed", request.seed},
            {"sampler", name_of(request.sampler)},
            {"image_latent", static_cast<int>(request.image_latent)},
            {"clip_skip", request.clip_skip},
            {"memory", static_cast<int>(request.memory)},
            {"precision", tensor::name_of(request.precision)},
            {"shortcuts",
             {request.shortcuts.cache_interval, request.shortcuts.cache_branch,
              request.shortcuts.guidance_start, request.shortcuts.guidance_end,
              request.shortcuts.guidance_interval, request.shortcuts.merge_tokens}},
            {"given_noise", request.given_noise ? noise_of(*request.given_noise) : json()}};
}

}  // namespace

std::string fingerprint_of(const I2VGenModel& model, const I2VGenRun& run, const I2VGenRequest& request) {
    const json all{{"request", fields_of(request)}, {"files", files_of(model.folder)},
                   {"version", STILLREEL_VERSION},  {"threads", run.threads},
                   {"variant", run.variant},        {"processor", instruction_set()}};
    return sha256_hex(all.dump());
}

}  // namespace stillreel::diffusion
