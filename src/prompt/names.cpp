#include <array>

#include "prompt/motion_plan.h"

namespace stillreel::prompt {
namespace {

constexpr std::array<std::string_view, 10> kCameraMoves = {"hold",  "pan",   "tilt",     "roll",  "zoom",
                                                           "dolly", "truck", "pedestal", "orbit", "handheld"};
constexpr std::array<std::string_view, 20> kEffectKinds = {
    "rain",    "snow",      "fog",           "dust",    "smoke",  "embers",    "leaves",
    "petals",  "fireflies", "police_lights", "candle",  "neon",   "lightning", "sun_rays",
    "sunrise", "sunset",    "water",         "foliage", "clouds", "cloth"};
constexpr std::array<std::string_view, 4> kSubjectMoves = {"turntable", "slow_turn", "breathing", "sway"};
constexpr std::array<std::string_view, 5> kReadings = {"rendered", "scene", "style", "not_rendered",
                                                       "not_understood"};

}  // namespace

std::string_view name_of(CameraMove move) { return kCameraMoves.at(static_cast<std::size_t>(move)); }

std::string_view name_of(EffectKind kind) { return kEffectKinds.at(static_cast<std::size_t>(kind)); }

std::string_view name_of(SubjectMove move) { return kSubjectMoves.at(static_cast<std::size_t>(move)); }

std::string_view name_of(Reading reading) { return kReadings.at(static_cast<std::size_t>(reading)); }

}  // namespace stillreel::prompt
