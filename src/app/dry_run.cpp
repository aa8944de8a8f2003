#include "app/dry_run.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "prompt/plan_table.h"

namespace stillreel::app {
namespace {

using nlohmann::ordered_json;

ordered_json as_json(const std::string& picture, const studio::ClipRequest& request,
                     const studio::ClipPlan& plan, const std::vector<std::string>& notes) {
    ordered_json object;
    object["event"] = "plan";
    object["picture"] = picture;
    object["output"] = plan.output.string();
    object["engine"] = plan.engine;
    object["width"] = plan.clip.frame.width_px;
    object["height"] = plan.clip.frame.height_px;
    object["frames"] = plan.clip.frames;
    object["fps"] = to_string(plan.clip.fps);
    object["duration"] = plan.clip.duration_s();
    object["seed"] = plan.clip.seed;
    object["spec"] = ordered_json::parse(studio::to_json(request.spec));
    object["plan"] = ordered_json::parse(prompt::to_json(plan.plan));
    object["camera_path"] = ordered_json::parse(prompt::to_json(plan.path));
    object["estimate"] = {{"seconds", plan.estimate.seconds}, {"bytes", plan.estimate.bytes}};
    object["notes"] = plan.notes;
    for (const std::string& line : notes) object["notes"].push_back(line);
    return object;
}

}  // namespace

void print_dry_run(const std::string& picture, const studio::ClipRequest& request,
                   const studio::ClipPlan& plan, const std::vector<std::string>& notes, Voice voice) {
    if (voice == Voice::json) {
        const std::string line = as_json(picture, request, plan, notes)
                                     .dump(-1, ' ', false, ordered_json::error_handler_t::replace);
        fmt::print("{}\n", line);
        return;
    }
    const studio::ResolvedClip& clip = plan.clip;
    fmt::print("picture   {} ({}x{})\n", picture, plan.picture.width_px, plan.picture.height_px);
    fmt::print("output    {}\n", plan.output.empty() ? "outputs/video_DATE_TIME.mp4" : plan.output.string());
    fmt::print("engine    {}\n", plan.engine);
    fmt::print("frame     {}x{}, {} at {} frames/s ({:.2f} s)\n", clip.frame.width_px, clip.frame.height_px,
               frames_text(clip.frames), to_string(clip.fps), clip.duration_s());
    fmt::print("seed      {}{}\n", clip.seed, request.spec.seed ? "" : " (drawn now; a run draws another)");
    fmt::print("estimate  about {:.0f} s, {}\n\n", std::max(1.0, plan.estimate.seconds),
               bytes_text(plan.estimate.bytes));
    fmt::print("{}\n", prompt::to_table(plan.plan));
    if (!request.spec.camera.empty()) fmt::print("The camera follows the given path, not the prompt.\n");
    for (const std::string& line : plan.clip.notes) fmt::print("note: {}\n", line);
    for (const std::string& line : notes) fmt::print("note: {}\n", line);
}

}  // namespace stillreel::app
