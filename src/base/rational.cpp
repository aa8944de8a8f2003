#include "base/rational.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/error.h"

namespace stillreel {
namespace {

template <class T>
bool parse_whole(std::string_view text, T& out) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
    return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

Rational from_decimal(double value) {
    // Broadcast rates are written rounded: 29.97 means 30000/1001.
    for (const int whole : {24, 30, 48, 60, 120}) {
        const double exact = whole * 1000.0 / 1001.0;
        if (std::abs(value - exact) < 0.0051) return make_rational(whole * 1000, 1001);
    }
    return make_rational(std::llround(value * 1000), 1000);
}

}  // namespace

Rational make_rational(std::int64_t num, std::int64_t den) {
    STILLREEL_CHECK(den != 0);
    const std::int64_t divisor = std::gcd(num, den);
    const std::int64_t sign = den < 0 ? -1 : 1;
    return divisor == 0 ? Rational{0, 1} : Rational{sign * num / divisor, sign * den / divisor};
}

Rational parse_rational(std::string_view text, std::string_view field) {
    const auto slash = text.find('/');
    if (slash != std::string_view::npos) {
        std::int32_t num = 0, den = 0;
        if (parse_whole(text.substr(0, slash), num) && parse_whole(text.substr(slash + 1), den) && den != 0)
            return make_rational(num, den);
    } else {
        std::int32_t whole = 0;
        if (parse_whole(text, whole)) return Rational{whole, 1};
        double decimal = 0;
        if (parse_whole(text, decimal) && std::abs(decimal) < 1e6) return from_decimal(decimal);
    }
    throw Error(ErrorCode::invalid_argument,
                fmt::format("{} must be a number such as 24, 29.97 or 24000/1001, not \"{}\"", field, text));
}

std::string to_string(const Rational& value) {
    return value.den == 1 ? std::to_string(value.num) : fmt::format("{}/{}", value.num, value.den);
}

}  // namespace stillreel
