#include "studio/catalogue.h"

#include <nlohmann/json.hpp>

#include "prompt/camera_path.h"
#include "prompt/motion_plan.h"
#include "studio/clip_spec.h"
#include "studio/presets.h"

namespace stillreel::studio {
namespace {

std::string text_of(const nlohmann::ordered_json& json) {
    return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string presets_json() {
    auto list = nlohmann::ordered_json::array();
    for (const Preset& preset : presets())
        list.push_back({{"name", preset.name},
                        {"purpose", preset.purpose},
                        {"size", preset.size_px},
                        {"frames", preset.frames},
                        {"fps", to_string(preset.fps)},
                        {"duration", preset.duration_s()},
                        {"steps", preset.steps},
                        {"guidance", preset.guidance}});
    return text_of(list);
}

std::string engines_json(const EngineRegistry& engines) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& engine : engines.all()) {
        const std::string reason = engine->unavailable();
        list.push_back(
            {{"name", engine->name()},
             {"purpose", engine->purpose()},
             {"available", reason.empty()},
             {"reason", reason},
             {"limits",
              {{"min_side", kMinSidePx},
               {"max_side", kMaxSidePx},
               {"max_frames", kMaxFrames},
               {"max_fps", kMaxFps}}}});
    }
    return text_of(list);
}

std::string prompt_plan_json(std::string_view prompt, double duration_s, double aspect) {
    const prompt::MotionPlan plan = prompt::parse_prompt(prompt, duration_s);
    nlohmann::ordered_json object = nlohmann::ordered_json::parse(prompt::to_json(plan));
    const prompt::CameraPath path =
        prompt::compile_camera(plan, {duration_s, aspect, prompt::kDefaultFocalMm});
    object["camera_path"] = nlohmann::ordered_json::parse(prompt::to_json(path));
    return text_of(object);
}

}  // namespace stillreel::studio
