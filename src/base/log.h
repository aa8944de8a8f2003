// Log lines for people who look after the program: on stderr, with time and level. What a user of the command
// line should read (progress, notes, errors) is printed by app, not logged.
#pragma once

#include <string_view>

namespace stillreel::log {

enum class Level { debug, info, warning, error, off };

/// Lines below `level` are dropped. Starts at warning.
void set_level(Level level);

void debug(std::string_view line);
void info(std::string_view line);
void warning(std::string_view line);
void error(std::string_view line);

}  // namespace stillreel::log
