#include <algorithm>

#include "prompt/grammar.h"

namespace stillreel::prompt {
namespace {

/// What a unit says: the same label beside each other makes one phrase.
struct Label {
    int head = -1;
    Reading reading = Reading::not_understood;
    std::string meaning;
    friend bool operator==(const Label& a, const Label& b) {
        return a.head >= 0 || b.head >= 0 ? a.head == b.head
                                          : a.reading == b.reading && a.meaning == b.meaning;
    }
};

Reading reading_of(const Head& head) {
    if (head.kind == HeadKind::not_rendered) return Reading::not_rendered;
    return head.negated ? Reading::scene : Reading::rendered;
}

std::vector<std::optional<Label>> labels_of(const Sentence& s) {
    std::vector<std::optional<Label>> labels(s.units.size());
    for (std::size_t i = 0; i < s.units.size(); ++i) {
        const Unit& u = s.units[i];
        if (u.punctuation) continue;
        if (u.head >= 0) {
            const Head& head = s.heads[static_cast<std::size_t>(u.head)];
            labels[i] = Label{u.head, reading_of(head), head.meaning};
        } else if (!u.glue) {
            labels[i] = Label{-1, u.reading, u.meaning};
        }
    }
    return labels;
}

/// Chinese words of place and aspect follow what they belong to.
bool stands_behind(const Sentence& s, std::size_t i) {
    static constexpr std::string_view kBehind[] = {"下", "中", "里", "上", "内", "外", "旁",
                                                   "前", "的", "着", "了", "地", "时"};
    const Unit& u = s.units[i];
    return u.is(Sense::glue) &&
           std::find(std::begin(kBehind), std::end(kBehind), s.tokens[u.first].word) != std::end(kBehind);
}

/// Grammar words go with what follows, up to the next punctuation, else with what stands before.
void label_glue(const Sentence& s, std::vector<std::optional<Label>>& labels) {
    for (std::size_t i = 1; i < s.units.size(); ++i)
        if (!labels[i] && labels[i - 1] && stands_behind(s, i)) labels[i] = labels[i - 1];
    for (std::size_t i = s.units.size(); i-- > 0;)
        if (!labels[i] && !s.units[i].punctuation && i + 1 < s.units.size() && labels[i + 1])
            labels[i] = labels[i + 1];
    for (std::size_t i = 1; i < s.units.size(); ++i)
        if (!labels[i] && !s.units[i].punctuation && labels[i - 1]) labels[i] = labels[i - 1];
    for (std::size_t i = 0; i < s.units.size(); ++i)
        if (!labels[i] && !s.units[i].punctuation)
            labels[i] = !s.units[i].is(Sense::negation) ? Label{-1, Reading::scene, "in the picture"}
                                                        : Label{-1, Reading::not_understood, ""};
}

}  // namespace

std::vector<Phrase> phrases_of(const Sentence& s, std::string_view prompt) {
    auto labels = labels_of(s);
    label_glue(s, labels);
    std::vector<Phrase> phrases;
    const Label* open = nullptr;
    for (std::size_t i = 0; i < s.units.size(); ++i) {
        const Unit& u = s.units[i];
        if (u.punctuation) {
            open = nullptr;
            continue;
        }
        const std::size_t begin = s.tokens[u.first].begin, end = s.tokens[u.last - 1].end;
        if (open && *open == *labels[i]) {
            phrases.back().end = end;
        } else {
            phrases.push_back({"", begin, end, labels[i]->reading, labels[i]->meaning});
        }
        open = &*labels[i];
    }
    for (Phrase& phrase : phrases) {
        phrase.text = prompt.substr(phrase.begin, phrase.end - phrase.begin);
        if (phrase.meaning.empty()) phrase.meaning = "not understood: nothing is done for it";
    }
    return phrases;
}

}  // namespace stillreel::prompt
