// The smallest pieces of what the command line says: lines, and the amounts of base.
#pragma once

#include <cstdio>
#include <string>

#include "base/amounts.h"

namespace stillreel::app {

/// `text` with blanks for line breaks and other control characters.
std::string one_line(std::string text);

/// One line, written at once.
void print_line(std::FILE* to, const std::string& line);

/// `stillreel: error: <message>` on stderr, on one line.
void print_error(const std::string& message);

/// "[#####.....]", `share` of it full.
std::string bar_text(double share);

}  // namespace stillreel::app
