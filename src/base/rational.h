// Exact rates and times: 24000/1001 frames per second stays 24000/1001.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stillreel {

/// num/den in lowest terms, den > 0.
struct Rational {
    std::int64_t num = 0;
    std::int64_t den = 1;

    double value() const { return static_cast<double>(num) / static_cast<double>(den); }
    friend bool operator==(const Rational&, const Rational&) = default;
};

/// num/den reduced to lowest terms with a positive denominator. den must not be 0.
Rational make_rational(std::int64_t num, std::int64_t den);

/// Reads "24", "29.97", "24000/1001". The broadcast rates 23.976, 29.97, 59.94, 119.88 mean N*1000/1001.
/// Throws invalid_argument naming `field`.
Rational parse_rational(std::string_view text, std::string_view field);

/// "24" or "24000/1001".
std::string to_string(const Rational& value);

}  // namespace stillreel
