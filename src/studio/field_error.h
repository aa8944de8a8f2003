// An Error about one field of a request, spelt as there: a form can show it beside the field.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace stillreel::studio {

class FieldError : public Error {
  public:
    FieldError(ErrorCode code, const std::string& message, std::string field)
        : Error(code, message), field_(std::move(field)) {}
    const std::string& field() const { return field_; }

  private:
    std::string field_;
};

}  // namespace stillreel::studio
