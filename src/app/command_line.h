// The command line as a whole: finds the command, runs it, and turns whatever ended it into one line and an
// exit code.
#pragma once

namespace stillreel::app {

/// Exit codes: docs/cli.md.
int run(int argc, char** argv);

}  // namespace stillreel::app
