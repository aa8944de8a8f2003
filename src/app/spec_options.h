// The options that set a field of the ClipSpec: one table for the command line and for config.toml.
#pragma once

#include <map>
#include <string>

namespace CLI {
class App;
}

namespace stillreel::app {

/// What was given on the command line, by field, as typed.
class SpecOptions {
  public:
    /// Adds an option for each field to `command`. This object must outlive the parse.
    void add_to(CLI::App& command);

    /// The given options as a JSON object for studio::merge. Throws UsageError for a number that is none.
    std::string to_json() const;

  private:
    std::map<std::string, std::string> given_;
};

}  // namespace stillreel::app
