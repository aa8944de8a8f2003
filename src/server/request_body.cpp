#include "server/request_body.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "studio/field_error.h"

namespace stillreel::server {
namespace {

using nlohmann::json;
using studio::FieldError;

json value_of(const Fields& fields, const std::string& name) {
    const auto found = fields.own.find(name);
    return found == fields.own.end() ? json() : json::parse(found->second);
}

[[noreturn]] void refuse(const std::string& name, const char* expected) {
    throw FieldError(ErrorCode::invalid_argument, fmt::format("{} must be {}", name, expected), name);
}

}  // namespace

int Fields::whole(const std::string& name, int otherwise) const {
    const json value = value_of(*this, name);
    if (value.is_null()) return otherwise;
    const bool fits =
        value.is_number_integer() && value.get<double>() >= -1000 && value.get<double>() <= 1000;
    if (!fits) refuse(name, "a whole number from -1000 to 1000");
    return value.get<int>();
}

std::string Fields::text(const std::string& name) const {
    const json value = value_of(*this, name);
    if (value.is_null()) return {};
    if (!value.is_string()) refuse(name, "a text");
    return value.get<std::string>();
}

std::optional<bool> Fields::truth(const std::string& name) const {
    const json value = value_of(*this, name);
    if (value.is_null()) return std::nullopt;
    if (!value.is_boolean()) refuse(name, "true or false");
    return value.get<bool>();
}

std::vector<std::string> Fields::texts(const std::string& name) const {
    const json value = value_of(*this, name);
    if (value.is_null()) return {};
    const bool good = value.is_array() && std::all_of(value.begin(), value.end(),
                                                      [](const json& item) { return item.is_string(); });
    if (!good) refuse(name, "a list of texts");
    return value.get<std::vector<std::string>>();
}

std::string Fields::raw(const std::string& name) const {
    const auto found = own.find(name);
    return found == own.end() ? std::string() : found->second;
}

std::string json_text(std::string_view text) {
    return json(std::string(text)).dump(-1, ' ', false, json::error_handler_t::replace);
}

Fields split_fields(std::string_view text, const std::vector<std::string>& own) {
    const auto shallow = [](int depth, json::parse_event_t, json&) {
        if (depth > kMaxJsonDepth)
            throw Refusal(400, ErrorCode::invalid_argument,
                          fmt::format("the JSON is nested deeper than {}", kMaxJsonDepth));
        return true;
    };
    json object = json::parse(text, shallow, false);
    if (object.is_discarded()) throw Refusal(400, ErrorCode::invalid_argument, "the body is not valid JSON");
    if (!object.is_object())
        throw Refusal(400, ErrorCode::invalid_argument, "the body must be a JSON object");
    const auto written = [](const json& value) {
        return value.dump(-1, ' ', false, json::error_handler_t::replace);
    };
    Fields fields;
    for (const std::string& name : own) {
        const auto found = object.find(name);
        if (found == object.end()) continue;
        fields.own[name] = written(*found);
        object.erase(found);
    }
    fields.rest = written(object);
    return fields;
}

Fields json_fields(const Request& request, const std::vector<std::string>& own, Empty empty) {
    if (request.body.empty() && empty == Empty::allowed) return {};
    if (media_type(request.header("content-type")) != "application/json")
        throw Refusal(415, ErrorCode::unsupported, "send the body as application/json");
    if (request.body.size() > kMaxJsonBytes)
        throw Refusal(
            413, ErrorCode::invalid_argument,
            fmt::format("the body has {} bytes; at most {} are taken", request.body.size(), kMaxJsonBytes));
    return split_fields(request.body, own);
}

bool is_form(const Request& request) {
    return media_type(request.header("content-type")) == "multipart/form-data";
}

std::string idempotency_key(const Request& request, std::string_view kind) {
    const std::string_view key = request.header("idempotency-key");
    if (key.size() > 200)
        throw Refusal(400, ErrorCode::invalid_argument, "the Idempotency-Key is longer than 200 bytes");
    return key.empty() ? std::string() : fmt::format("{}:{}", kind, key);
}

void check_file_size(const FormPart& part) {
    if (part.content.size() > studio::kMaxAssetBytes)
        throw Refusal(413, ErrorCode::invalid_argument,
                      fmt::format("the file has {} MiB; at most {} are taken: save it smaller",
                                  part.content.size() >> 20, studio::kMaxAssetBytes >> 20));
}

const FormPart& part_named(const std::vector<FormPart>& parts, const std::string& name) {
    for (const FormPart& part : parts)
        if (part.name == name) return part;
    throw FieldError(ErrorCode::invalid_argument, fmt::format("the form has no field `{}`", name), name);
}

}  // namespace stillreel::server
