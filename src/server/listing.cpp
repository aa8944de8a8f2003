#include "server/listing.h"

#include <nlohmann/json.hpp>

#include "studio/field_error.h"

namespace stillreel::server {

std::string joined(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
    return text;
}

std::vector<std::string> objects_of(const std::string& array, const std::string& field) {
    const auto refuse = [&] {
        return studio::FieldError(ErrorCode::invalid_argument, field + " must be a list of JSON objects",
                                  field);
    };
    const auto list = nlohmann::json::parse(array, nullptr, false);
    if (!list.is_array()) throw refuse();
    std::vector<std::string> texts;
    for (const auto& item : list) {
        if (!item.is_object()) throw refuse();
        texts.push_back(item.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    return texts;
}

}  // namespace stillreel::server
