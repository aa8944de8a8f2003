// What a user of `generate` sees while it works: a progress bar on a terminal, plain lines elsewhere, or with
// --json one object per event on stdout. Errors and progress go to stderr, results to stdout.
#pragma once

#include <cstdint>
#include <string>

#include "app/lines.h"
#include "base/clock.h"
#include "studio/generate.h"

namespace stillreel::app {

enum class Voice { normal, quiet, json };

class Console {
  public:
    explicit Console(Voice voice);

    /// `picture` is the name shown; `index` of `count` pictures, from 0.
    void started(const std::string& picture, int index, int count, const studio::Started& event);
    void note(const std::string& line);
    void progress(const studio::Progress& event);
    void previewed(const studio::Previewed& event);
    void done(const std::string& picture, const studio::MadeClip& clip);
    /// `code` as in the error table ("not_found", "usage"): on stderr, and as an event with --json.
    void error(const std::string& picture, const std::string& code, const std::string& message,
               int exit_code);
    /// The event alone.
    void error_event(const std::string& picture, const std::string& code, const std::string& message,
                     int exit_code);
    void summary(int made, int failed);
    /// Wipes an unfinished progress bar off the terminal's line.
    void clear_bar();

  private:
    Voice voice_;
    bool terminal_;
    bool bar_shown_ = false;
    Stopwatch since_line_;
    std::string where_;  // stage and step of the last line
};

/// "1 frame", "96 frames".
std::string frames_text(std::int64_t frames);

}  // namespace stillreel::app
