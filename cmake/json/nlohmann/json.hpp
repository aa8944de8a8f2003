#pragma once
// Found before the library's own json.hpp, which it includes. Every file that reads or writes JSON would
// otherwise compile the parser and the writer again (1 to 2 s each); here it is told that json.cpp has them.
// cmake/Dependencies.cmake puts this folder in front and links json.cpp.
#include_next <nlohmann/json.hpp>
#include <string>

// `Template` is empty in json.cpp and `extern` elsewhere; Bytes is what a text is read through.
#define STILLREEL_JSON_PARSER(Template, Json, Bytes)              \
    Template template class nlohmann::detail::lexer<Json, Bytes>; \
    Template template class nlohmann::detail::parser<Json, Bytes>;
#define STILLREEL_JSON_PARTS(Template, Json)                                                     \
    Template template class Json;                                                                \
    Template template class nlohmann::detail::serializer<Json>;                                  \
    Template template class nlohmann::detail::json_sax_dom_parser<Json>;                         \
    Template template class nlohmann::detail::json_sax_dom_callback_parser<Json>;                \
    STILLREEL_JSON_PARSER(Template, Json, nlohmann::detail::iterator_input_adapter<const char*>) \
    STILLREEL_JSON_PARSER(Template, Json,                                                        \
                          nlohmann::detail::iterator_input_adapter<std::string::const_iterator>)
#define STILLREEL_JSON(Template)                           \
    STILLREEL_JSON_PARTS(Template, nlohmann::basic_json<>) \
    STILLREEL_JSON_PARTS(Template, nlohmann::basic_json<nlohmann::ordered_map>)

#ifndef STILLREEL_JSON_COMPILED_HERE
STILLREEL_JSON(extern)
#endif
