// The one way for bad news: whatever the outside world can cause (a file, a field, a full disk, Ctrl-C) throws
// Error. Its message is one sentence for a person: what it is about, what was expected, what was found, what to do.
// Broken promises between our own functions are bugs and go through CHECK (check.h) instead.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace stillreel {

enum class ErrorCode {
    invalid_argument,
    not_found,
    corrupt_data,
    unsupported,
    io,
    out_of_memory,
    cancelled,
    busy,
    unauthorized,
};

/// The code as written in JSON and logs: "invalid_argument" and so on.
std::string_view name_of(ErrorCode code);

/// Exit code of the command line for an error that ended it: 3 to 8, 130 (docs/architecture.md, section 5).
int exit_code(ErrorCode code);

class Error : public std::runtime_error {
  public:
    Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
    ErrorCode code() const { return code_; }

  private:
    ErrorCode code_;
};

}  // namespace stillreel
