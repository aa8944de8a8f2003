// Log lines for people who look after the program: on stderr, with time and level. What a user of the command
// line should read (progress, notes, errors) is printed by app, not logged.
#pragma once

#include <filesystem>
#include <string_view>

namespace stillreel::log {

enum class Level { debug, info, warning, error, off };

/// Lines below `level` are dropped. Starts at warning.
void set_level(Level level);

/// From now on lines go to the end of this file too, whole, whoever else writes there. Makes its folder. Throws io.
void also_to(const std::filesystem::path& file);

void debug(std::string_view line);
void info(std::string_view line);
void warning(std::string_view line);
void error(std::string_view line);

}  // namespace stillreel::log
