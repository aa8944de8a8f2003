#include "studio/clip_spec.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "studio/presets.h"
#include "studio/suggest.h"

namespace stillreel::studio {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxTextBytes = 1 << 20;
constexpr int kMaxJsonDepth = 32;

[[noreturn]] void refuse(std::string_view field, std::string_view expected, const json& found) {
    std::string shown = found.dump(-1, ' ', false, json::error_handler_t::replace);
    if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
    throw Error(ErrorCode::invalid_argument, fmt::format("{} must be {}, not {}", field, expected, shown));
}

std::string text_of(std::string_view field, const json& value) {
    if (!value.is_string()) refuse(field, "a text", value);
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > kMaxTextBytes)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} must have at most {} bytes, not {}", field, kMaxTextBytes, text.size()));
    if (text.find('\0') != std::string::npos)
        throw Error(ErrorCode::invalid_argument, fmt::format("{} must not hold a zero byte", field));
    return text;
}

std::int64_t whole_of(std::string_view field, const json& value, std::int64_t low, std::int64_t high) {
    const std::string expected = fmt::format("a whole number from {} to {}", low, high);
    if (!value.is_number_integer()) refuse(field, expected, value);
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(high))
        refuse(field, expected, value);
    const auto number = value.get<std::int64_t>();
    if (number < low || number > high) refuse(field, expected, value);
    return number;
}

double number_of(std::string_view field, const json& value, double low, double high) {
    const std::string expected = fmt::format("a number from {} to {}", low, high);
    if (!value.is_number()) refuse(field, expected, value);
    const double number = value.get<double>();
    if (!(number >= low && number <= high)) refuse(field, expected, value);
    return number;
}

bool truth_of(std::string_view field, const json& value) {
    if (!value.is_boolean()) refuse(field, "true or false", value);
    return value.get<bool>();
}

template <class E>
struct Choice {
    E value;
    const char* name;
};

constexpr Choice<animatic::Fit> kFits[] = {{animatic::Fit::cover, "cover"},
                                           {animatic::Fit::contain, "contain"}};
constexpr Choice<animatic::Loop> kLoops[] = {{animatic::Loop::none, "none"},
                                             {animatic::Loop::pingpong, "pingpong"},
                                             {animatic::Loop::seamless, "seamless"}};
constexpr Choice<Quality> kQualities[] = {{Quality::standard, "standard"}, {Quality::high, "high"}};
constexpr Choice<RecipeMode> kRecipeModes[] = {
    {RecipeMode::full, "full"}, {RecipeMode::without_texts, "private"}, {RecipeMode::none, "none"}};

struct LabelChoice {
    AiLabel label;
    LabelLanguage language;
};
constexpr Choice<LabelChoice> kLabels[] = {
    {{AiLabel::metadata, LabelLanguage::from_prompt}, "metadata"},
    {{AiLabel::visible, LabelLanguage::from_prompt}, "visible"},
    {{AiLabel::visible, LabelLanguage::zh}, "visible:zh"},
    {{AiLabel::visible, LabelLanguage::en}, "visible:en"},
    {{AiLabel::none, LabelLanguage::from_prompt}, "none"},
};

template <class E, std::size_t N>
E choice_of(std::string_view field, const json& value, const Choice<E> (&choices)[N]) {
    std::vector<std::string> names;
    for (const auto& choice : choices) {
        if (value == choice.name) return choice.value;
        names.emplace_back(choice.name);
    }
    const std::string found = value.is_string() ? value.get<std::string>() : "";
    if (value.is_string() && found.size() <= 40)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} must be one of {}, not \"{}\"{}", field, listed(names), found,
                                did_you_mean(found, names)));
    refuse(field, "one of " + listed(names), value);
}

template <class E, std::size_t N>
const char* name_in(E value, const Choice<E> (&choices)[N]) {
    for (const auto& choice : choices)
        if (choice.value == value) return choice.name;
    return choices[0].name;
}

template <class T>
bool parse_number(std::string_view text, T& out) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
    return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

/// 512, "512" or "1280x720".
void set_size(ClipSpec& spec, const json& value) {
    spec.size.reset();
    spec.width.reset();
    spec.height.reset();
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        const auto cross = text.find('x');
        int width = 0, height = 0;
        if (cross == std::string::npos && parse_number(text, width)) return set_size(spec, json(width));
        if (cross == std::string::npos || !parse_number(std::string_view(text).substr(0, cross), width) ||
            !parse_number(std::string_view(text).substr(cross + 1), height))
            refuse("size", "a short side such as 512, or WIDTHxHEIGHT such as 1280x720", value);
        if (width < kMinSidePx || width > kMaxSidePx || height < kMinSidePx || height > kMaxSidePx)
            refuse("size", fmt::format("{} to {} pixels on each side", kMinSidePx, kMaxSidePx), value);
        spec.width = width;
        spec.height = height;
        return;
    }
    spec.size = static_cast<int>(whole_of("size", value, kMinSidePx, kMaxSidePx));
}

void set_side(ClipSpec& spec, std::string_view field, std::optional<int>& side, const json& value) {
    side = static_cast<int>(whole_of(field, value, kMinSidePx, kMaxSidePx));
    spec.size.reset();
}

void set_fps(ClipSpec& spec, const json& value) {
    const std::string expected = fmt::format("more than 0 and at most {} frames per second", kMaxFps);
    Rational fps;
    if (value.is_string())
        fps = parse_rational(value.get_ref<const std::string&>(), "fps");
    else if (value.is_number() && std::abs(value.get<double>()) < 1e6)
        fps = parse_rational(fmt::format("{}", value.get<double>()), "fps");
    else
        refuse("fps", expected, value);
    if (fps.num <= 0 || fps.value() > kMaxFps || fps.value() < 0.01) refuse("fps", expected, value);
    spec.fps = fps;
}

json fps_json(const Rational& fps) { return fps.den == 1 ? json(fps.num) : json(to_string(fps)); }

void set_focus(ClipSpec& spec, const json& value) {
    const std::string text = text_of("focus", value);
    spec.focus.reset();
    if (text == "auto") return;
    animatic::FocusPoint point;
    const auto comma = text.find(',');
    if (comma == std::string::npos || !parse_number(std::string_view(text).substr(0, comma), point.x) ||
        !parse_number(std::string_view(text).substr(comma + 1), point.y) || !(point.x >= 0 && point.x <= 1) ||
        !(point.y >= 0 && point.y <= 1))
        refuse("focus", "auto, or X,Y as fractions of the picture such as 0.5,0.3", value);
    spec.focus = point;
}

json focus_json(const ClipSpec& spec) {
    return spec.focus ? json(fmt::format("{},{}", spec.focus->x, spec.focus->y)) : json();
}

void set_background(ClipSpec& spec, const json& value) {
    const std::string text = text_of("background", value);
    spec.background.reset();
    if (text != "blur") spec.background = image::parse_colour(text, "background");
}

json background_json(const ClipSpec& spec) {
    if (!spec.background) return {};
    return fmt::format("#{:02X}{:02X}{:02X}", spec.background->r, spec.background->g, spec.background->b);
}

void set_camera(ClipSpec& spec, const json& value) {
    if (value.is_object())
        spec.camera = value.dump();
    else if (value.is_string())
        spec.camera = text_of("camera", value);
    else
        refuse("camera", "the name of a camera file, or a camera path", value);
}

json camera_json(const ClipSpec& spec) {
    if (spec.camera.empty()) return {};
    if (spec.camera.front() != '{') return spec.camera;
    const json path = json::parse(spec.camera, nullptr, false);
    return path.is_object() ? path : json(spec.camera);
}

void set_preset(ClipSpec& spec, const json& value) {
    spec.preset = text_of("preset", value);
    if (!spec.preset.empty()) find_preset(spec.preset);
    spec.size.reset();
    spec.width.reset();
    spec.height.reset();
    spec.frames.reset();
    spec.duration.reset();
    spec.fps.reset();
}

struct Field {
    std::string_view name;
    void (*set)(ClipSpec&, const json&);
    json (*get)(const ClipSpec&);  // null: the default
};

template <std::string ClipSpec::*member>
json text_json(const ClipSpec& spec) {
    return (spec.*member).empty() ? json() : json(spec.*member);
}

template <auto member>
json optional_json(const ClipSpec& spec) {
    return spec.*member ? json(*(spec.*member)) : json();
}

// In the order in which they are applied: preset first, so that what stands beside it in one object is kept.
const Field kFields[] = {
    {"picture", [](ClipSpec& s, const json& v) { s.picture = text_of("picture", v); },
     text_json<&ClipSpec::picture>},
    {"prompt", [](ClipSpec& s, const json& v) { s.prompt = text_of("prompt", v); },
     text_json<&ClipSpec::prompt>},
    {"negative_prompt", [](ClipSpec& s, const json& v) { s.negative_prompt = text_of("negative_prompt", v); },
     text_json<&ClipSpec::negative_prompt>},
    {"engine", [](ClipSpec& s, const json& v) { s.engine = text_of("engine", v); },
     [](const ClipSpec& s) { return s.engine == "auto" ? json() : json(s.engine); }},
    {"preset", set_preset, text_json<&ClipSpec::preset>},
    {"size", set_size, optional_json<&ClipSpec::size>},
    {"width", [](ClipSpec& s, const json& v) { set_side(s, "width", s.width, v); },
     optional_json<&ClipSpec::width>},
    {"height", [](ClipSpec& s, const json& v) { set_side(s, "height", s.height, v); },
     optional_json<&ClipSpec::height>},
    {"aspect", [](ClipSpec& s, const json& v) { s.aspect = parse_aspect(text_of("aspect", v)); },
     [](const ClipSpec& s) { return s.aspect ? json(to_string(*s.aspect)) : json(); }},
    {"frames",
     [](ClipSpec& s, const json& v) {
         s.frames = static_cast<int>(whole_of("frames", v, 1, kMaxFrames));
         s.duration.reset();
     },
     optional_json<&ClipSpec::frames>},
    {"duration",
     [](ClipSpec& s, const json& v) {
         s.duration = number_of("duration", v, 0.001, 86400);
         s.frames.reset();
     },
     optional_json<&ClipSpec::duration>},
    {"fps", set_fps, [](const ClipSpec& s) { return s.fps ? fps_json(*s.fps) : json(); }},
    {"steps", [](ClipSpec& s, const json& v) { s.steps = static_cast<int>(whole_of("steps", v, 1, 1000)); },
     optional_json<&ClipSpec::steps>},
    {"guidance", [](ClipSpec& s, const json& v) { s.guidance = number_of("guidance", v, 0, 100); },
     optional_json<&ClipSpec::guidance>},
    {"seed",
     [](ClipSpec& s, const json& v) {
         s.seed = static_cast<std::uint64_t>(whole_of("seed", v, 0, kMaxSeed));
     },
     optional_json<&ClipSpec::seed>},
    {"camera", set_camera, camera_json},
    {"depth", [](ClipSpec& s, const json& v) { s.depth = text_of("depth", v); }, text_json<&ClipSpec::depth>},
    {"mask", [](ClipSpec& s, const json& v) { s.mask = text_of("mask", v); }, text_json<&ClipSpec::mask>},
    {"fit", [](ClipSpec& s, const json& v) { s.fit = choice_of("fit", v, kFits); },
     [](const ClipSpec& s) { return s.fit == animatic::Fit::cover ? json() : json(name_in(s.fit, kFits)); }},
    {"background", set_background, background_json},
    {"focus", set_focus, focus_json},
    {"loop", [](ClipSpec& s, const json& v) { s.loop = choice_of("loop", v, kLoops); },
     [](const ClipSpec& s) {
         return s.loop == animatic::Loop::none ? json() : json(name_in(s.loop, kLoops));
     }},
    {"quality", [](ClipSpec& s, const json& v) { s.quality = choice_of("quality", v, kQualities); },
     [](const ClipSpec& s) {
         return s.quality == Quality::standard ? json() : json(name_in(s.quality, kQualities));
     }},
    {"crf", [](ClipSpec& s, const json& v) { s.crf = static_cast<int>(whole_of("crf", v, 0, 51)); },
     optional_json<&ClipSpec::crf>},
    {"ai_label",
     [](ClipSpec& s, const json& v) {
         const LabelChoice choice = choice_of("ai_label", v, kLabels);
         s.ai_label = choice.label;
         s.label_language = choice.language;
     },
     [](const ClipSpec& s) {
         return s.ai_label == AiLabel::metadata ? json() : json(label_name(s.ai_label, s.label_language));
     }},
    {"recipe", [](ClipSpec& s, const json& v) { s.recipe = choice_of("recipe", v, kRecipeModes); },
     [](const ClipSpec& s) {
         return s.recipe == RecipeMode::full ? json() : json(name_in(s.recipe, kRecipeModes));
     }},
    {"allow_flashing", [](ClipSpec& s, const json& v) { s.allow_flashing = truth_of("allow_flashing", v); },
     [](const ClipSpec& s) { return s.allow_flashing ? json(true) : json(); }},
};

/// What the field is when nothing is said about it.
void reset(ClipSpec& spec, const Field& field) {
    const json plain = [&]() -> json {
        for (const auto& [name, value] : {std::pair<std::string_view, json>{"engine", "auto"},
                                          {"fit", "cover"},
                                          {"background", "blur"},
                                          {"focus", "auto"},
                                          {"loop", "none"},
                                          {"quality", "standard"},
                                          {"ai_label", "metadata"},
                                          {"recipe", "full"},
                                          {"allow_flashing", false},
                                          {"picture", ""},
                                          {"prompt", ""},
                                          {"negative_prompt", ""},
                                          {"camera", ""},
                                          {"depth", ""},
                                          {"mask", ""}})
            if (name == field.name) return value;
        return {};
    }();
    if (!plain.is_null()) return field.set(spec, plain);
    if (field.name == "preset") spec.preset.clear();
    if (field.name == "size") spec.size.reset();
    if (field.name == "width") spec.width.reset();
    if (field.name == "height") spec.height.reset();
    if (field.name == "aspect") spec.aspect.reset();
    if (field.name == "frames") spec.frames.reset();
    if (field.name == "duration") spec.duration.reset();
    if (field.name == "fps") spec.fps.reset();
    if (field.name == "steps") spec.steps.reset();
    if (field.name == "guidance") spec.guidance.reset();
    if (field.name == "seed") spec.seed.reset();
    if (field.name == "crf") spec.crf.reset();
}

void refuse_unknown(const json& object) {
    std::vector<std::string> names;
    for (const Field& field : kFields) names.emplace_back(field.name);
    for (const auto& item : object.items())
        if (!is_field(item.key()))
            throw Error(ErrorCode::invalid_argument,
                        fmt::format("\"{}\" is not a field of a clip{}", item.key().substr(0, 60),
                                    did_you_mean(item.key(), names)));
}

void refuse_doubles(const json& object) {
    const auto given = [&](const char* name) { return object.contains(name) && !object[name].is_null(); };
    const auto both = [&](const char* a, const char* b) {
        if (given(a) && given(b))
            throw Error(ErrorCode::invalid_argument,
                        fmt::format("{} and {} say the same thing: give one of them", a, b));
    };
    both("frames", "duration");
    both("size", "width");
    both("size", "height");
    const bool exact = (given("width") && given("height")) ||
                       (given("size") && object["size"].is_string() &&
                        object["size"].get_ref<const std::string&>().find('x') != std::string::npos);
    if (exact && given("aspect"))
        throw Error(ErrorCode::invalid_argument,
                    "aspect follows from width and height: leave one of them out");
}

}  // namespace

void merge(ClipSpec& spec, std::string_view text) {
    const auto shallow = [](int depth, json::parse_event_t, json&) {
        if (depth > kMaxJsonDepth)
            throw Error(ErrorCode::invalid_argument, "the clip's JSON is nested too deeply");
        return true;
    };
    const json object = json::parse(text, shallow, false);
    if (object.is_discarded())
        throw Error(ErrorCode::invalid_argument, "the clip's fields are not valid JSON");
    if (!object.is_object())
        throw Error(ErrorCode::invalid_argument, "the clip's fields must be a JSON object");
    refuse_unknown(object);
    refuse_doubles(object);
    // A new exact size and an inherited aspect, or the other way round, would contradict each other.
    if (object.contains("width") && object.contains("height")) spec.aspect.reset();
    if (object.contains("aspect") && spec.width && spec.height) spec.width.reset(), spec.height.reset();
    for (const Field& field : kFields) {
        const auto found = object.find(field.name);
        if (found == object.end()) continue;
        found->is_null() ? reset(spec, field) : field.set(spec, *found);
    }
    if (spec.width && spec.height) spec.aspect.reset();
}

ClipSpec parse_clip_spec(std::string_view text) {
    ClipSpec spec;
    merge(spec, text);
    return spec;
}

std::string to_json(const ClipSpec& spec) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const Field& field : kFields) {
        const json value = field.get(spec);
        if (!value.is_null()) object[std::string(field.name)] = value;
    }
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool is_field(std::string_view name) {
    for (const Field& field : kFields)
        if (field.name == name) return true;
    return false;
}

Aspect parse_aspect(std::string_view text) {
    Aspect aspect;
    const auto colon = text.find(':');
    if (colon != std::string_view::npos && parse_number(text.substr(0, colon), aspect.width) &&
        parse_number(text.substr(colon + 1), aspect.height) && aspect.width > 0 && aspect.height > 0 &&
        aspect.value() >= 0.1 && aspect.value() <= 10)
        return aspect;
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format(
            "aspect must be WIDTH:HEIGHT such as 16:9, 9:16, 1:1 or 2.39:1, from 1:10 to 10:1, not \"{}\"",
            text.substr(0, 60)));
}

std::string to_string(const Aspect& aspect) { return fmt::format("{}:{}", aspect.width, aspect.height); }

std::string_view name_of(animatic::Fit fit) { return name_in(fit, kFits); }
std::string_view name_of(animatic::Loop loop) { return name_in(loop, kLoops); }
std::string_view name_of(Quality quality) { return name_in(quality, kQualities); }
std::string_view name_of(RecipeMode mode) { return name_in(mode, kRecipeModes); }

std::string label_name(AiLabel label, LabelLanguage language) {
    for (const auto& choice : kLabels)
        if (choice.value.label == label && (label != AiLabel::visible || choice.value.language == language))
            return choice.name;
    return "metadata";
}

}  // namespace stillreel::studio
