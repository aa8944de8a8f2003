#include "app/dry_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "prompt/plan_table.h"
#include "studio/fit_text.h"

namespace stillreel::app {
namespace {

using nlohmann::ordered_json;

ordered_json rung_json(const diffusion::Rung& rung, const diffusion::Rung& wanted) {
    return {{"options", studio::options_of(rung, wanted)},
            {"width", rung.width_px},
            {"height", rung.height_px},
            {"frames", rung.frames},
            {"steps", rung.steps},
            {"low_memory", rung.memory == diffusion::Memory::low},
            {"flops", rung.cost.flops},
            {"peak_bytes", rung.cost.peak_bytes},
            {"seconds", rung.seconds},
            {"fits", rung.fits}};
}

/// What a diffusion clip costs, and the ladder down from it.
void add_fit(const studio::ClipPlan& plan, ordered_json& object) {
    const diffusion::Fit& fit = *plan.fit;
    object["steps"] = plan.clip.steps;
    object["guidance"] = plan.clip.guidance;
    object["fits"] = plan.fits();
    object["free_bytes"] = fit.free_bytes;
    object["cost"] = rung_json(*plan.rung(), fit.wanted);
    object["ladder"] = ordered_json::array();
    for (const diffusion::Rung& rung : fit.ladder) object["ladder"].push_back(rung_json(rung, fit.wanted));
    object["fewer_steps"] = rung_json(fit.fewer_steps, fit.wanted);
}

void print_fit(const studio::ClipPlan& plan) {
    const diffusion::Fit& fit = *plan.fit;
    const diffusion::Rung& rung = *plan.rung();
    fmt::print("steps     {}, guidance {:g}\n", plan.clip.steps, plan.clip.guidance);
    const std::vector<double>& each = rung.cost.flops_of_steps;
    const double least = *std::min_element(each.begin(), each.end());
    fmt::print("work      {:.3g} TFLOP, {}{:.3g} a step\n", rung.cost.flops / 1e12,
               least < rung.cost.flops_per_step ? fmt::format("{:.3g} to ", least / 1e12) : "",
               rung.cost.flops_per_step / 1e12);
    fmt::print("memory    {}: {} of weights, {} of activations, and the rest; {} are free: {}\n",
               bytes_text(rung.cost.peak_bytes), bytes_text(rung.cost.weight_bytes),
               bytes_text(rung.cost.activation_bytes), bytes_text(fit.free_bytes),
               plan.fits() ? "fits" : "does not fit");
    if (fit.wanted.fits) return;
    fmt::print("instead\n");
    for (const std::string& line : studio::ladder_lines(fit)) fmt::print("  {}\n", line);
}

void print_motion(const studio::ClipRequest& request, const studio::ClipPlan& plan) {
    fmt::print("\n{}\n", prompt::to_table(plan.plan));
    if (!request.spec.camera.empty()) fmt::print("The camera follows the given path, not the prompt.\n");
}

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
    if (plan.fit) {
        add_fit(plan, object);
    } else {
        object["plan"] = ordered_json::parse(prompt::to_json(plan.plan));
        object["camera_path"] = ordered_json::parse(prompt::to_json(plan.path));
    }
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
    fmt::print("estimate  about {}, {}\n", duration_text(std::max(1.0, plan.estimate.seconds)),
               bytes_text(plan.estimate.bytes));
    plan.fit ? print_fit(plan) : print_motion(request, plan);
    for (const std::string& line : plan.clip.notes) fmt::print("note: {}\n", line);
    for (const std::string& line : notes) fmt::print("note: {}\n", line);
}

}  // namespace stillreel::app
