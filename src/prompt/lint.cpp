// Advice about prompts after the pattern [subject] + [action] + [direction and speed] + [environment].
#include <algorithm>

#include "prompt/grammar.h"

namespace stillreel::prompt {
namespace {

struct Texts {
    std::string_view camera, subject_front, environment, whole, joint;
};

constexpr Texts kEnglish = {"camera slowly pushes in", "the main character stands in the frame",
                            "on a rainy street at night",
                            "A woman on a rainy street at night, camera slowly pushes in", ", "};
constexpr Texts kChinese = {"镜头缓慢推近", "主角站在画面中央", "雨夜的街道上",
                            "雨夜街头的女人，镜头缓慢推近", "，"};

/// The prompt without spaces and punctuation at its ends.
std::string trimmed(std::string text) {
    const auto loose = [](char c) {
        return std::string_view(" \t\r\n,.;!?").find(c) != std::string_view::npos;
    };
    while (!text.empty() && loose(text.back())) text.pop_back();
    while (!text.empty() && loose(text.front())) text.erase(text.begin());
    for (const std::string_view mark : {"。", "，", "！", "；"})
        if (text.ends_with(mark)) text.resize(text.size() - mark.size());
    return text;
}

std::string joined(std::string_view a, std::string_view joint, std::string_view b) {
    return a.empty() ? std::string(b) : std::string(a) + std::string(joint) + std::string(b);
}

}  // namespace

std::vector<Lint> lint_of(const Sentence& s, const MotionPlan& plan) {
    const Texts& t = plan.language == "zh" ? kChinese : kEnglish;
    const std::string prompt = trimmed(plan.prompt);
    const bool moves = !plan.default_move || !plan.not_rendered.empty();
    bool style = false, meant = false;
    for (const Unit& u : s.units) {
        style = style || u.reading == Reading::style;
        meant = meant || u.head >= 0 || u.reading == Reading::scene || u.is(Sense::night);
    }
    std::vector<Lint> lint;
    if (!moves && !plan.still)
        lint.push_back({"no_motion_verb", "no word says what moves: name a camera move, weather or an action",
                        style && !meant ? std::string(t.whole) : joined(prompt, t.joint, t.camera)});
    if (style && !meant)
        lint.push_back({"abstract_words",
                        "words of style alone move nothing: say who or what, and how it moves",
                        joined(t.whole, t.joint, prompt)});
    if (!s.has_subject && !(style && !meant))
        lint.push_back({"no_subject", "no subject is named: say who or what is in the picture",
                        joined(t.subject_front, t.joint, prompt)});
    if (!s.has_environment && !plan.night && !(style && !meant))
        lint.push_back({"no_environment", "no environment is named: say where, in what weather or light",
                        joined(prompt, t.joint, t.environment)});
    return lint;
}

}  // namespace stillreel::prompt
