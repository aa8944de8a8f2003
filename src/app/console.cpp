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

constexpr int kBarCells = 28;
constexpr double kSecondsBetweenLines = 2;

void print_event(const ordered_json& event) {
    print_line(stdout, event.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

std::string numbers(const studio::Progress& event) {
    return fmt::format("{}/{} frames  {:.1f} frames/s  {} left", event.frame, event.frames,
                       event.frames_per_second, duration_text(event.seconds_left));
}

std::string bar(const studio::Progress& event) {
    const int full = kBarCells * event.frame / std::max(1, event.frames);
    return fmt::format("[{}{}] {:3}%  {}", std::string(full, '#'), std::string(kBarCells - full, '.'),
                       100 * event.frame / std::max(1, event.frames), numbers(event));
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
    if (voice_ == Voice::json)
        return print_event({{"event", "started"},
                            {"picture", picture},
                            {"index", index},
                            {"count", count},
                            {"output", event.output.string()},
                            {"engine", event.plan.engine},
                            {"width", clip.frame.width_px},
                            {"height", clip.frame.height_px},
                            {"frames", clip.frames},
                            {"fps", to_string(clip.fps)},
                            {"seed", clip.seed}});
    if (voice_ == Voice::quiet) return;
    const std::string place = count > 1 ? fmt::format("[{}/{}] ", index + 1, count) : "";
    print_line(stderr,
               one_line(fmt::format("{}{}: {}x{}, {} at {} frames/s ({:.1f} s), {}, seed {}", place, picture,
                                    clip.frame.width_px, clip.frame.height_px, frames_text(clip.frames),
                                    to_string(clip.fps), clip.duration_s(), event.plan.engine, clip.seed)));
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
    if (voice_ == Voice::json) {
        // Ten a second are plenty for any page.
        if (!last && event.frame > 1 && since_line_.seconds() < 0.1) return;
        since_line_.restart();
        return print_event({{"event", "progress"},
                            {"frame", event.frame},
                            {"frames", event.frames},
                            {"progress", static_cast<double>(event.frame) / event.frames},
                            {"frames_per_second", event.frames_per_second},
                            {"eta_seconds", event.seconds_left}});
    }
    if (terminal_) {
        if (!last && bar_shown_ && since_line_.seconds() < 0.1) return;
        since_line_.restart();
        fmt::print(stderr, "\r{}\033[K", bar(event));
        std::fflush(stderr);
        bar_shown_ = true;
    } else if (!last && since_line_.seconds() >= kSecondsBetweenLines) {
        since_line_.restart();
        print_line(stderr, numbers(event));
    }
}

void Console::done(const std::string& picture, const studio::MadeClip& clip) {
    if (voice_ == Voice::json)
        return print_event({{"event", "done"},
                            {"picture", picture},
                            {"output", clip.output.string()},
                            {"frames", clip.frames},
                            {"seed", clip.seed},
                            {"bytes", clip.bytes},
                            {"seconds", clip.seconds}});
    clear_bar();
    // The one thing on stdout, so that a script can take it: file=$(stillreel generate ...).
    print_line(stdout, clip.output.string());
    if (voice_ == Voice::normal)
        print_line(stderr, fmt::format("done in {:.1f} s, {}", clip.seconds, bytes_text(clip.bytes)));
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
