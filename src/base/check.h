// CHECK(condition) and CHECK_EQ(a, b): promises between our own functions. A broken one is a bug: it is logged
// with its place and both values, and the process aborts (exit code 134). Never used on what a user can supply.
#pragma once

#include <sstream>
#include <string>

namespace stillreel::detail {

[[noreturn]] void check_failed(const char* file, int line, const char* what, const std::string& values);

template <class A, class B>
std::string both_values(const A& a, const B& b) {
    std::ostringstream text;
    text << a << " and " << b;
    return text.str();
}

}  // namespace stillreel::detail

#define STILLREEL_CHECK(condition) \
    ((condition) ? void() : ::stillreel::detail::check_failed(__FILE__, __LINE__, #condition, ""))

#define STILLREEL_CHECK_EQ(a, b)                                                                     \
    (((a) == (b)) ? void()                                                                           \
                  : ::stillreel::detail::check_failed(__FILE__, __LINE__, #a " == " #b,              \
                                                      ::stillreel::detail::both_values((a), (b))))
