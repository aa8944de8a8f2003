// Tracks in plain words, for phrases, notes and tables.
#include <fmt/core.h>

#include <array>
#include <cmath>
#include <utility>

#include "prompt/grammar.h"

namespace stillreel::prompt {
namespace {

bool near(double a, double b) { return std::abs(a - b) < 0.005; }

std::string speed_words(double speed) {
    if (near(speed, 1)) return "";
    if (near(speed, 0.4)) return "gently";
    if (near(speed, 0.6)) return "slowly";
    if (near(speed, 2.5)) return "quickly";
    if (near(speed, 10)) return "whip";
    return fmt::format("speed x{:.2g}", speed);
}

std::string direction_words(CameraMove move, double direction) {
    const bool plus = direction > 0;
    switch (move) {
        case CameraMove::pan:
        case CameraMove::truck:
        case CameraMove::orbit:
            return plus ? " right" : " left";
        case CameraMove::tilt:
        case CameraMove::pedestal:
            return plus ? " up" : " down";
        case CameraMove::roll:
            return plus ? " clockwise" : " anticlockwise";
        case CameraMove::zoom:
        case CameraMove::dolly:
            return plus ? " in" : " out";
        default:
            return "";
    }
}

std::string amount_words(CameraMove move, double amount) {
    switch (move) {
        case CameraMove::zoom:
        case CameraMove::dolly:
            return fmt::format("{:.3g}x", amount);
        case CameraMove::truck:
        case CameraMove::pedestal:
            return fmt::format("{:.3g} % of the frame", 100 * amount);
        default:
            return fmt::format("{:.3g} degrees", amount);
    }
}

void append(std::string& text, const std::string& more) {
    if (!more.empty()) text += ", " + more;
}

std::string intensity_words(double intensity) {
    if (intensity < 0.4) return "light";
    if (intensity < 0.75) return "moderate";
    return "heavy";
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kReasons = {{
    {"head", "turning the head needs parts of it that the picture does not show"},
    {"face", "a change of expression needs a generative engine"},
    {"talk", "speech moves the face, which needs a generative engine"},
    {"walk", "a body that walks or runs needs a generative engine"},
    {"dance", "a dancing body needs a generative engine"},
    {"gesture", "an action of hands or body needs a generative engine"},
    {"move", "a thing that travels by itself cannot be cut out of one picture honestly"},
    {"tremble", "the trembling of one thing alone is not modelled"},
    {"traffic", "traffic, crowds and animals on the move cannot be made from one picture honestly"},
    {"change", "a thing that changes its shape needs a generative engine"},
    {"edit", "cuts and fades belong to the edit, a clip is one shot"},
    {"focus", "the focus stays where the picture has it"},
}};

}  // namespace

std::string words_of(const Span& span) {
    const auto is = [&](double begin, double end) { return near(span.begin, begin) && near(span.end, end); };
    if (is(0, 1)) return "whole clip";
    if (is(0, 0.5)) return "first half";
    if (is(0.5, 1)) return "second half";
    if (is(0, 1.0 / 3)) return "first third";
    if (is(2.0 / 3, 1)) return "last third";
    if (is(0, 2.0 / 3)) return "first two thirds";
    return fmt::format("{:.0f} % to {:.0f} %", 100 * span.begin, 100 * span.end);
}

std::string words_of(const CameraTrack& track) {
    std::string text = std::string(name_of(track.move)) + direction_words(track.move, track.direction);
    if (track.move == CameraMove::hold) text = "static";
    if (track.amount)
        append(text, amount_words(track.move, *track.amount));
    else if (track.move == CameraMove::handheld)
        append(text, track.speed < 1 ? "slight" : track.speed > 1 ? "strong" : "");
    else
        append(text, speed_words(track.speed));
    append(text, words_of(track.when));
    return text;
}

std::string words_of(const EffectTrack& track) {
    std::string text(name_of(track.kind));
    for (char& c : text)
        if (c == '_') c = ' ';
    if (!track.style.empty() && track.style != text) text += " (" + track.style + ")";
    append(text, intensity_words(track.intensity));
    if (!track.colours.empty()) append(text, track.colours == "red_blue" ? "red and blue" : track.colours);
    if (track.distant) append(text, "in the distance");
    append(text, speed_words(track.speed));
    append(text, words_of(track.when));
    return text;
}

std::string words_of(const SubjectTrack& track) {
    std::string text;
    switch (track.move) {
        case SubjectMove::turntable:
            text = "turns as on a turntable";
            break;
        case SubjectMove::slow_turn:
            text = "turns a little";
            break;
        case SubjectMove::breathing:
            text = "breathes";
            break;
        case SubjectMove::sway:
            text = "sways";
            break;
    }
    if (track.direction < 0) text += " to the left";
    append(text, speed_words(track.speed));
    append(text, words_of(track.when));
    return text;
}

std::string reason_sentence(const std::string& reason) {
    for (const auto& [name, sentence] : kReasons)
        if (name == reason) return std::string(sentence);
    if (reason == "sparkle") return "twinkling, fireworks and the like are not among this engine's effects";
    return "a clip is made without sound";
}

}  // namespace stillreel::prompt
