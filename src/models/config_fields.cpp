#include "models/config_fields.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace stillreel::models {
namespace {

using nlohmann::json;

constexpr std::int64_t kLargestCount = std::int64_t{1} << 24;

bool is_count(const json& value) { return value.is_number_integer() && value >= 1 && value <= kLargestCount; }

}  // namespace

struct ConfigFields::Parsed {
    json fields;

    /// Null when the field is absent.
    json at(const char* field) const {
        const auto found = fields.find(field);
        return found == fields.end() ? json() : *found;
    }
};

ConfigFields::ConfigFields(std::string_view text, std::string file) : file_(std::move(file)) {
    json fields = json::parse(text, nullptr, false);
    if (!fields.is_object())
        throw Error(ErrorCode::corrupt_data, fmt::format("{} is not a JSON object", file_));
    parsed_ = std::make_unique<const Parsed>(Parsed{std::move(fields)});
}

ConfigFields::ConfigFields(ConfigFields&&) noexcept = default;
ConfigFields::~ConfigFields() = default;

std::int64_t ConfigFields::count(const char* field, std::int64_t otherwise) const {
    const json value = parsed_->at(field);
    if (value.is_null()) return otherwise;
    if (!is_count(value)) reject(field, "a whole number above 0 was expected");
    return value;
}

std::vector<std::int64_t> ConfigFields::counts(const char* field, std::vector<std::int64_t> otherwise) const {
    const json value = parsed_->at(field);
    if (value.is_null()) return otherwise;
    if (!value.is_array() || value.empty() || !std::all_of(value.begin(), value.end(), is_count))
        reject(field, "a list of whole numbers above 0 was expected");
    return value;
}

double ConfigFields::positive(const char* field, double otherwise) const {
    const json value = parsed_->at(field);
    if (value.is_null()) return otherwise;
    if (!value.is_number() || !(value.get<double>() > 0) || !std::isfinite(value.get<double>()))
        reject(field, "a number above 0 was expected");
    return value;
}

bool ConfigFields::flag(const char* field, bool otherwise) const {
    const json value = parsed_->at(field);
    if (value.is_null()) return otherwise;
    if (!value.is_boolean()) reject(field, "true or false was expected");
    return value;
}

std::string ConfigFields::text(const char* field, std::string otherwise) const {
    const json value = parsed_->at(field);
    if (value.is_null()) return otherwise;
    if (!value.is_string()) reject(field, "a text was expected");
    return value;
}

std::vector<std::string> ConfigFields::texts(const char* field, std::vector<std::string> otherwise) const {
    const json value = parsed_->at(field);
    if (value.is_null()) return otherwise;
    const auto is_text = [](const json& entry) { return entry.is_string(); };
    if (!value.is_array() || value.empty() || !std::all_of(value.begin(), value.end(), is_text))
        reject(field, "a list of texts was expected");
    return value;
}

std::vector<double> ConfigFields::numbers(const char* field, std::vector<double> otherwise) const {
    const json value = parsed_->at(field);
    if (value.is_null()) return otherwise;
    const auto is_number = [](const json& entry) { return entry.is_number(); };
    if (!value.is_array() || value.size() != otherwise.size() ||
        !std::all_of(value.begin(), value.end(), is_number))
        reject(field, fmt::format("a list of {} numbers was expected", otherwise.size()));
    return value;
}

bool ConfigFields::is_set(const char* field) const { return !parsed_->at(field).is_null(); }

bool ConfigFields::is_list(const char* field) const { return parsed_->at(field).is_array(); }

bool ConfigFields::is_object(const char* field) const { return parsed_->at(field).is_object(); }

ConfigFields ConfigFields::object(const char* field) const {
    return ConfigFields(parsed_->at(field).dump(), fmt::format("{}: {}", file_, field));
}

void ConfigFields::accept(const char* field, std::initializer_list<std::string_view> known) const {
    const json value = parsed_->at(field);
    const auto is_value = [&](std::string_view candidate) { return json::parse(candidate) == value; };
    if (value.is_null() || std::any_of(known.begin(), known.end(), is_value)) return;
    refuse(field);
}

void ConfigFields::refuse(const char* field) const {
    throw Error(ErrorCode::unsupported,
                fmt::format("{}: {} = {} is not supported", file_, field, parsed_->at(field).dump()));
}

void ConfigFields::reject(const char* field, std::string_view why) const {
    throw Error(ErrorCode::corrupt_data,
                fmt::format("{}: {} is {}, but {}", file_, field, parsed_->at(field).dump(), why));
}

}  // namespace stillreel::models
