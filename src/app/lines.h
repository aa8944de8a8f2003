// The smallest pieces of what the command line says: lines and amounts.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace stillreel::app {

/// `text` with blanks for line breaks and other control characters.
std::string one_line(std::string text);

/// One line, written at once.
void print_line(std::FILE* to, const std::string& line);

/// `stillreel: error: <message>` on stderr, on one line.
void print_error(const std::string& message);

/// "38 kB", "2.1 MB", "25.3 GB".
std::string bytes_text(std::uint64_t bytes);

/// "[#####.....]", `share` of it full.
std::string bar_text(double share);

/// "42 s", "3:05 min", "2:10 h".
std::string duration_text(double seconds);

}  // namespace stillreel::app
