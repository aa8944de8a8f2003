// Single values of a clip's JSON, read strictly: each refusal names the field, what it must be and what was
// found. Json is nlohmann's type, which headers do not show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stillreel::studio {

/// Throws invalid_argument: "<field> must be <expected>, not <found>".
[[noreturn]] void refuse_text(std::string_view field, std::string_view expected, std::string found);
/// The same for a word that may be a slip of one of `names`.
[[noreturn]] void refuse_name(std::string_view field, const std::vector<std::string>& names,
                              const std::string& found);
/// Throws invalid_argument unless `text` has at most 1 MiB and no zero bytes. Returns it.
std::string checked_text(std::string_view field, const std::string& text);
/// "a number from 0 to 1".
std::string range_text(std::string_view kind, double low, double high);
std::string range_text(std::string_view kind, std::int64_t low, std::int64_t high);
/// "one of a, b and c".
std::string names_text(const std::vector<std::string>& names);

template <class Json>
[[noreturn]] void refuse_value(std::string_view field, std::string_view expected, const Json& found) {
    refuse_text(field, expected, found.dump(-1, ' ', false, Json::error_handler_t::replace));
}

template <class Json>
std::string text_of(std::string_view field, const Json& value) {
    if (!value.is_string()) refuse_value(field, "a text", value);
    return checked_text(field, value.template get_ref<const std::string&>());
}

template <class Json>
std::int64_t whole_of(std::string_view field, const Json& value, std::int64_t low, std::int64_t high) {
    const std::string expected = range_text("a whole number", low, high);
    if (!value.is_number_integer()) refuse_value(field, expected, value);
    if (value.is_number_unsigned() && value.template get<std::uint64_t>() > static_cast<std::uint64_t>(high))
        refuse_value(field, expected, value);
    const auto number = value.template get<std::int64_t>();
    if (number < low || number > high) refuse_value(field, expected, value);
    return number;
}

template <class Json>
double number_of(std::string_view field, const Json& value, double low, double high) {
    const std::string expected = range_text("a number", low, high);
    if (!value.is_number()) refuse_value(field, expected, value);
    const auto number = value.template get<double>();
    if (!(number >= low && number <= high)) refuse_value(field, expected, value);
    return number;
}

template <class Json>
bool truth_of(std::string_view field, const Json& value) {
    if (!value.is_boolean()) refuse_value(field, "true or false", value);
    return value.template get<bool>();
}

/// A value and its name in JSON.
template <class E>
struct Choice {
    E value;
    const char* name;
};

template <class E, class Json, std::size_t N>
E choice_of(std::string_view field, const Json& value, const Choice<E> (&choices)[N]) {
    std::vector<std::string> names;
    for (const auto& choice : choices) {
        if (value == choice.name) return choice.value;
        names.emplace_back(choice.name);
    }
    if (!value.is_string()) refuse_value(field, names_text(names), value);
    refuse_name(field, names, value.template get<std::string>());
}

template <class E, std::size_t N>
const char* name_in(E value, const Choice<E> (&choices)[N]) {
    for (const auto& choice : choices)
        if (choice.value == value) return choice.name;
    return choices[0].name;
}

}  // namespace stillreel::studio
