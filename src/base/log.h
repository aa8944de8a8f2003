// Log lines for people who look after the program: on stderr, with time and level. What a user of the command
// line should read (progress, notes, errors) is printed by app, not logged.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace stillreel::log {

enum class Level { debug, info, warning, error, off };
/// "info" and so on, as in the lines.
std::string_view name_of(Level level);

/// Lines below `level` are dropped. Starts at warning.
void set_level(Level level);

/// From now on lines go to the end of this file too, whole, whoever else writes there. Makes its folder.
/// Throws io.
void also_to(const std::filesystem::path& file);

/// Each is one line, whatever it holds: control characters come out as spaces.
void debug(std::string_view line);
void info(std::string_view line);
void warning(std::string_view line);
void error(std::string_view line);

/// A line of a log file, taken apart.
struct Line {
    std::string at;  // UTC, "2026-11-22T16:02:38.071Z"
    Level level = Level::info;
    std::string text;
};
/// Nothing for a line that is not ours. `line` without its end.
std::optional<Line> parse_line(std::string_view line);

}  // namespace stillreel::log
