// What routes read from a request: JSON objects, forms with a picture, keys.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http.h"
#include "server/http_text.h"
#include "studio/clip_service.h"

namespace stillreel::server {

constexpr std::size_t kMaxJsonBytes = 1u << 20;
constexpr int kMaxJsonDepth = 32;

/// A JSON object, split into the fields that are the route's own and the rest.
struct Fields {
    std::map<std::string, std::string> own;  // name -> its value as JSON
    std::string rest = "{}";                 // an object

    /// Throws FieldError when it is there and no whole number from -1000 to 1000.
    int whole(const std::string& name, int otherwise) const;
    /// Throws FieldError when it is there and no text.
    std::string text(const std::string& name) const;
    std::optional<bool> truth(const std::string& name) const;
    std::vector<std::string> texts(const std::string& name) const;
    /// The value as JSON, or empty.
    std::string raw(const std::string& name) const;
};

enum class Empty { refused, allowed };

/// `text` as a JSON string; what is no UTF-8 in it is replaced.
std::string json_text(std::string_view text);

/// Throws Refusal: 415 when it is not application/json, 413 over 1 MiB, 400 when it is no JSON object or
/// nested deeper than 32.
Fields json_fields(const Request& request, const std::vector<std::string>& own, Empty empty = Empty::refused);
Fields split_fields(std::string_view json, const std::vector<std::string>& own);

bool is_form(const Request& request);

/// The Idempotency-Key for this kind of request, or empty. Throws Refusal 400 when it is longer than 200
/// bytes.
std::string idempotency_key(const Request& request, std::string_view kind);

/// Throws Refusal 413 when a file of a form is larger than any that is taken.
void check_file_size(const FormPart& part);
/// The part of that name. Throws FieldError.
const FormPart& part_named(const std::vector<FormPart>& parts, const std::string& name);

}  // namespace stillreel::server
