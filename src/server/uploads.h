// Requests that bring pictures: the quick lane decodes and keeps them, then the request is answered. This
// process looks at no byte of them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/api.h"

namespace stillreel::server {

/// A field of a form whose pictures are assets by now.
struct FormField {
    std::string name;
    std::string filename;  // as sent; never part of a path
    std::string text;      // empty of a picture
    std::string asset;     // id; empty of a text
};
using Form = std::vector<FormField>;

/// The first of that name. Throws FieldError.
const FormField& field_named(const Form& form, const std::string& name);

/// What a form's field without a file name is.
enum class Unnamed { picture, text };

/// Which field of a form holds pictures, and the kind of request that an Idempotency-Key is for.
struct UploadRule {
    std::string field;
    std::string key_kind;
    Unnamed unnamed = Unnamed::picture;
};

/// A handler that keeps the pictures of a form and then has the request answered, its body gone into `form`;
/// any other request is answered at once, with an empty form. The first picture that is refused is the
/// answer: Refusal 413 when it is too large, FieldError when it is none, Refusal 503 when nobody looks at it.
Handler after_uploads(const ApiParts& parts, const UploadRule& rule,
                      std::function<Response(const ApiParts&, const Request&, const Form&)> answer);

}  // namespace stillreel::server
