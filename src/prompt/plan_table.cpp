#include "prompt/plan_table.h"

#include <fmt/core.h>

#include "prompt/grammar.h"

namespace stillreel::prompt {
namespace {

constexpr int kWidth = 100;
constexpr int kTextWidth = 38;
constexpr int kReadingWidth = 14;

int columns(std::string_view text) {
    int n = 0;
    for (std::size_t at = 0; at < text.size();) n += is_wide(next_code_point(text, at)) ? 2 : 1;
    return n;
}

/// Lines of at most `width` columns, broken at spaces, or inside of long words and Chinese.
std::vector<std::string> wrapped(std::string_view text, int width) {
    std::vector<std::string> lines(1);
    std::size_t space = std::string::npos;  // last place to break in the open line
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = next_code_point(text, at);
        std::string piece(text.substr(begin, at - begin));
        if (c < 0x20 || c == 0x7F) piece = " ";
        if (columns(lines.back()) + columns(piece) > width) {
            std::string rest;
            if (space != std::string::npos && piece != " ") {
                rest = lines.back().substr(space + 1);
                lines.back().resize(space);
            }
            lines.push_back(rest);
            space = std::string::npos;
            if (piece == " ") continue;
        }
        if (piece == " ") space = lines.back().size();
        lines.back() += piece;
    }
    return lines;
}

std::string padded(const std::string& text, int width) {
    return text + std::string(static_cast<std::size_t>(std::max(0, width - columns(text))), ' ');
}

void row(std::string& table, const std::string& text, const std::string& reading,
         const std::string& meaning) {
    const auto left = wrapped(text, kTextWidth);
    const auto right = wrapped(meaning, kWidth - kTextWidth - kReadingWidth - 4);
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
        std::string line = padded(i < left.size() ? left[i] : "", kTextWidth + 2) +
                           padded(i == 0 ? reading : "", kReadingWidth + 2) +
                           (i < right.size() ? right[i] : "");
        while (line.ends_with(' ')) line.pop_back();
        table += line + "\n";
    }
}

void item(std::string& table, const std::string& name, const std::string& text) {
    const auto lines = wrapped(text, kWidth - 12);
    for (std::size_t i = 0; i < lines.size(); ++i) table += padded(i == 0 ? name : "", 12) + lines[i] + "\n";
}

}  // namespace

std::string to_table(const MotionPlan& plan) {
    std::string table;
    if (!plan.phrases.empty()) row(table, "PHRASE", "READING", "MEANING");
    for (const Phrase& p : plan.phrases) {
        std::string reading(name_of(p.reading));
        for (char& c : reading)
            if (c == '_') c = ' ';
        row(table, p.text, reading, p.meaning);
    }
    if (!table.empty()) table += "\n";
    for (const CameraTrack& t : plan.camera) item(table, "camera", words_of(t));
    for (const EffectTrack& t : plan.effects) item(table, "effect", words_of(t));
    for (const SubjectTrack& t : plan.subject) item(table, "subject", words_of(t));
    if (plan.wind.strength > 0)
        item(table, "wind",
             fmt::format("strength {:.1f}, to the {}", plan.wind.strength,
                         plan.wind.direction > 0 ? "right" : "left"));
    if (plan.time_scale != 1)
        item(table, "tempo", fmt::format("everything but the camera x{:g}", plan.time_scale));
    if (plan.still) item(table, "still", "all frames are equal");
    for (const NotRendered& n : plan.not_rendered)
        item(table, "not shown", fmt::format("\"{}\": {}", n.text, n.reason));
    for (const std::string& note : plan.notes) item(table, "note", note);
    for (const Lint& lint : plan.lint) {
        item(table, "advice", lint.message);
        item(table, "", "try: " + lint.suggestion);
    }
    return table;
}

}  // namespace stillreel::prompt
