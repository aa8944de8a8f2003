#include "app/console.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/lines.h"

namespace stillreel::app {
namespace {

using nlohmann::ordered_json;

constexpr double kSecondsBetweenLines = 2;

void print_event(const ordered_json& event) {
    print_line(stdout, event.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

std::string left(double seconds) {
    return seconds < 0 ? "" : fmt::format("  {} left", duration_text(seconds));
}

std::string numbers(const studio::Progress& event) {
    if (event.stage.empty())
        return fmt::format("{}/{} frames  {:.1f} frames/s{}", event.frame, event.frames,
                           event.frames_per_second, left(event.seconds_left));
    if (event.stage == "denoise")
        return fmt::format("denoise, step {}/{}{}", event.step, event.steps, left(event.seconds_left));
    if (event.stage == "decode")
        return fmt::format("decode, {}/{} frames{}", event.frame, event.frames, left(event.seconds_left));
    return fmt::format("{}{}", event.stage, left(event.seconds_left));
}

int percent(const studio::Progress& event) { return static_cast<int>(100 * event.done); }

std::string bar(const studio::Progress& event) {
    return fmt::format("{} {:3}%  {}", bar_text(event.done), percent(event), numbers(event));
}

ordered_json as_json(const studio::Progress& event) {
    ordered_json object{
        {"event", "progress"}, {"frame", event.frame}, {"frames", event.frames}, {"progress", event.done}};
    if (event.stage.empty()) {
        object["frames_per_second"] = event.frames_per_second;
    } else {
        object["stage"] = event.stage;
        object["step"] = event.step;
        object["steps"] = event.steps;
    }
    object["eta_seconds"] = event.seconds_left < 0 ? ordered_json() : ordered_json(event.seconds_left);
    return object;
}

}  // namespace

Console::Console(Voice voice) : voice_(voice), terminal_(isatty(STDERR_FILENO) == 1) {}

void Console::clear_bar() {
    if (!bar_shown_) return;
    std::fputs("\r\033[K", stderr);
    bar_shown_ = false;
}

void Console::started(const std::string& picture, int index, int count, const studio::Started& event) {
    const studio::ResolvedClip& clip = event.plan.clip;
    since_line_.restart();
    where_.clear();
    if (voice_ == Voice::json) {
        ordered_json object{{"event", "started"},
                            {"picture", picture},
                            {"index", index},
                            {"count", count},
                            {"output", event.output.string()},
                            {"engine", event.plan.engine},
                            {"width", clip.frame.width_px},
                            {"height", clip.frame.height_px},
                            {"frames", clip.frames},
                            {"fps", to_string(clip.fps)},
                            {"seed", clip.seed}};
        if (clip.steps > 0) object["steps"] = clip.steps;
        return print_event(object);
    }
    if (voice_ == Voice::quiet) return;
    const std::string place = count > 1 ? fmt::format("[{}/{}] ", index + 1, count) : "";
    print_line(stderr,
               one_line(fmt::format("{}{}: {}x{}, {} at {} frames/s ({:.1f} s), {}, seed {}", place, picture,
                                    clip.frame.width_px, clip.frame.height_px, frames_text(clip.frames),
                                    to_string(clip.fps), clip.duration_s(), event.plan.engine, clip.seed)));
    if (event.plan.fit)
        print_line(stderr, fmt::format("{} steps, about {}, {} of memory", clip.steps,
                                       duration_text(event.plan.estimate.seconds),
                                       bytes_text(event.plan.rung()->cost.peak_bytes)));
}

void Console::note(const std::string& line) {
    if (voice_ == Voice::json) return print_event({{"event", "note"}, {"message", line}});
    if (voice_ == Voice::quiet) return;
    clear_bar();
    print_line(stderr, one_line("note: " + line));
}

void Console::progress(const studio::Progress& event) {
    if (voice_ == Voice::quiet) return;
    const bool last = event.frame == event.frames;
    // A long stage moves between its steps too; a line each is said when a step is done or another begins.
    const std::string here = fmt::format("{} {}", event.stage, event.step);
    const bool turn = here != where_;
    if (voice_ == Voice::json) {
        // Ten a second are plenty for any page.
        if (!last && !turn && since_line_.seconds() < 0.1) return;
        since_line_.restart();
        where_ = here;
        return print_event(as_json(event));
    }
    if (terminal_) {
        if (!last && bar_shown_ && since_line_.seconds() < 0.1) return;
        since_line_.restart();
        fmt::print(stderr, "\r{}\033[K", bar(event));
        std::fflush(stderr);
        bar_shown_ = true;
    } else if (!last && since_line_.seconds() >= kSecondsBetweenLines && (turn || event.stage.empty())) {
        since_line_.restart();
        where_ = here;
        print_line(stderr, event.stage.empty() ? numbers(event)
                                               : fmt::format("{:3}%  {}", percent(event), numbers(event)));
    }
}

void Console::previewed(const studio::Previewed& event) {
    if (voice_ == Voice::json)
        print_event({{"event", "preview"}, {"step", event.step}, {"file", event.file.string()}});
}

void Console::done(const std::string& picture, const studio::MadeClip& clip) {
    if (voice_ == Voice::json) {
        ordered_json object{{"event", "done"},        {"picture", picture}, {"output", clip.output.string()},
                            {"frames", clip.frames},  {"seed", clip.seed},  {"bytes", clip.bytes},
                            {"seconds", clip.seconds}};
        if (clip.partial_steps) object["partial_steps"] = *clip.partial_steps;
        return print_event(object);
    }
    clear_bar();
    // The one thing on stdout, so that a script can take it: file=$(stillreel generate ...).
    print_line(stdout, clip.output.string());
    if (voice_ == Voice::normal)
        print_line(stderr, fmt::format("{} in {:.1f} s, {}",
                                       clip.partial_steps
                                           ? fmt::format("stopped after {} steps, what there was is kept",
                                                         *clip.partial_steps)
                                           : "done",
                                       clip.seconds, bytes_text(clip.bytes)));
}

void Console::error(const std::string& picture, const std::string& code, const std::string& message,
                    int exit_code) {
    if (voice_ == Voice::json) error_event(picture, code, message, exit_code);
    clear_bar();
    print_error(message);
}

void Console::error_event(const std::string& picture, const std::string& code, const std::string& message,
                          int exit_code) {
    print_event({{"event", "error"},
                 {"picture", picture},
                 {"code", code},
                 {"message", message},
                 {"exit_code", exit_code}});
}

void Console::summary(int made, int failed) {
    if (voice_ == Voice::json) print_event({{"event", "summary"}, {"made", made}, {"failed", failed}});
}

std::string frames_text(std::int64_t frames) {
    return fmt::format("{} {}", frames, frames == 1 ? "frame" : "frames");
}

}  // namespace stillreel::app
