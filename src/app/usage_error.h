// A command line that cannot be meant: exit code 2.
#pragma once

#include <stdexcept>

namespace stillreel::app {

class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace stillreel::app
