#include "studio/clip_spec.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "studio/field_error.h"
#include "studio/presets.h"
#include "studio/spec_values.h"
#include "studio/suggest.h"

namespace stillreel::studio {
namespace {

using nlohmann::json;

constexpr int kMaxJsonDepth = 32;

constexpr Choice<animatic::Fit> kFits[] = {{animatic::Fit::cover, "cover"},
                                           {animatic::Fit::contain, "contain"}};
constexpr Choice<animatic::Loop> kLoops[] = {{animatic::Loop::none, "none"},
                                             {animatic::Loop::pingpong, "pingpong"},
                                             {animatic::Loop::seamless, "seamless"}};
constexpr Choice<Quality> kQualities[] = {{Quality::standard, "standard"}, {Quality::high, "high"}};
constexpr Choice<RecipeMode> kRecipeModes[] = {
    {RecipeMode::full, "full"}, {RecipeMode::without_texts, "private"}, {RecipeMode::none, "none"}};

constexpr Choice<diffusion::SamplerKind> kSchedulers[] = {{diffusion::SamplerKind::ddim, "ddim"},
                                                          {diffusion::SamplerKind::dpmpp_2m, "dpmpp-2m"},
                                                          {diffusion::SamplerKind::unipc, "unipc"},
                                                          {diffusion::SamplerKind::euler, "euler"}};
constexpr Choice<diffusion::ImageLatent> kImageLatents[] = {{diffusion::ImageLatent::sample, "sample"},
                                                            {diffusion::ImageLatent::mode, "mode"}};
constexpr Choice<tensor::Precision> kPrecisions[] = {
    {tensor::Precision::f32, "f32"}, {tensor::Precision::bf16, "bf16"}, {tensor::Precision::int8, "int8"}};

constexpr Choice<diffusion::Speed> kSpeeds[] = {
    {diffusion::Speed::exact, "exact"}, {diffusion::Speed::fast, "fast"}, {diffusion::Speed::draft, "draft"}};

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
            refuse_value("size", "a short side such as 512, or WIDTHxHEIGHT such as 1280x720", value);
        if (width < kMinSidePx || width > kMaxSidePx || height < kMinSidePx || height > kMaxSidePx)
            refuse_value("size", fmt::format("{} to {} pixels on each side", kMinSidePx, kMaxSidePx), value);
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
        refuse_value("fps", expected, value);
    if (fps.num <= 0 || fps.value() > kMaxFps || fps.value() < 0.01) refuse_value("fps", expected, value);
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
        refuse_value("focus", "auto, or X,Y as fractions of the picture such as 0.5,0.3", value);
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
        refuse_value("camera", "the name of a camera file, or a camera path", value);
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
    spec.steps.reset();
    spec.guidance.reset();
}

/// "fp16", as it stands in the names of weight files: never a path.
std::string variant_of(const json& value) {
    std::string variant = text_of("variant", value);
    const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
    if (variant.size() > 32 || !std::all_of(variant.begin(), variant.end(), plain))
        refuse_value("variant", "a word such as fp16", value);
    return variant;
}

/// Back to the default.
template <auto... members>
void clear(ClipSpec& spec) {
    const ClipSpec plain;
    ((spec.*members = plain.*members), ...);
}

template <std::string ClipSpec::*member>
json text_json(const ClipSpec& spec) {
    return spec.*member == ClipSpec{}.*member ? json() : json(spec.*member);
}

template <auto member>
json optional_json(const ClipSpec& spec) {
    return spec.*member ? json(*(spec.*member)) : json();
}

template <auto member, const auto& choices>
json choice_json(const ClipSpec& spec) {
    return spec.*member == ClipSpec{}.*member ? json() : json(name_in(spec.*member, choices));
}

template <bool ClipSpec::*member>
json truth_json(const ClipSpec& spec) {
    return spec.*member ? json(true) : json();
}

struct Field {
    std::string_view name;
    void (*set)(ClipSpec&, const json&);
    json (*get)(const ClipSpec&);  // null: the default
    void (*clear)(ClipSpec&);
};

// In the order in which they are applied: preset first, so that what stands beside it in one object is kept.
const Field kFields[] = {
    {"picture", [](ClipSpec& s, const json& v) { s.picture = text_of("picture", v); },
     text_json<&ClipSpec::picture>, clear<&ClipSpec::picture>},
    {"prompt", [](ClipSpec& s, const json& v) { s.prompt = text_of("prompt", v); },
     text_json<&ClipSpec::prompt>, clear<&ClipSpec::prompt>},
    {"negative_prompt", [](ClipSpec& s, const json& v) { s.negative_prompt = text_of("negative_prompt", v); },
     text_json<&ClipSpec::negative_prompt>, clear<&ClipSpec::negative_prompt>},
    {"engine", [](ClipSpec& s, const json& v) { s.engine = text_of("engine", v); },
     text_json<&ClipSpec::engine>, clear<&ClipSpec::engine>},
    {"model", [](ClipSpec& s, const json& v) { s.model = text_of("model", v); }, text_json<&ClipSpec::model>,
     clear<&ClipSpec::model>},
    {"variant", [](ClipSpec& s, const json& v) { s.variant = variant_of(v); }, text_json<&ClipSpec::variant>,
     clear<&ClipSpec::variant>},
    {"preset", set_preset, text_json<&ClipSpec::preset>, clear<&ClipSpec::preset>},
    {"size", set_size, optional_json<&ClipSpec::size>, clear<&ClipSpec::size>},
    {"width", [](ClipSpec& s, const json& v) { set_side(s, "width", s.width, v); },
     optional_json<&ClipSpec::width>, clear<&ClipSpec::width>},
    {"height", [](ClipSpec& s, const json& v) { set_side(s, "height", s.height, v); },
     optional_json<&ClipSpec::height>, clear<&ClipSpec::height>},
    {"aspect", [](ClipSpec& s, const json& v) { s.aspect = parse_aspect(text_of("aspect", v)); },
     [](const ClipSpec& s) { return s.aspect ? json(to_string(*s.aspect)) : json(); },
     clear<&ClipSpec::aspect>},
    {"frames",
     [](ClipSpec& s, const json& v) {
         s.frames = static_cast<int>(whole_of("frames", v, 1, kMaxFrames));
         s.duration.reset();
     },
     optional_json<&ClipSpec::frames>, clear<&ClipSpec::frames>},
    {"duration",
     [](ClipSpec& s, const json& v) {
         s.duration = number_of("duration", v, 0.001, 86400);
         s.frames.reset();
     },
     optional_json<&ClipSpec::duration>, clear<&ClipSpec::duration>},
    {"fps", set_fps, [](const ClipSpec& s) { return s.fps ? fps_json(*s.fps) : json(); },
     clear<&ClipSpec::fps>},
    {"steps", [](ClipSpec& s, const json& v) { s.steps = static_cast<int>(whole_of("steps", v, 1, 1000)); },
     optional_json<&ClipSpec::steps>, clear<&ClipSpec::steps>},
    {"guidance", [](ClipSpec& s, const json& v) { s.guidance = number_of("guidance", v, 0, 100); },
     optional_json<&ClipSpec::guidance>, clear<&ClipSpec::guidance>},
    {"guidance_rescale",
     [](ClipSpec& s, const json& v) { s.guidance_rescale = number_of("guidance_rescale", v, 0, 1); },
     optional_json<&ClipSpec::guidance_rescale>, clear<&ClipSpec::guidance_rescale>},
    {"scheduler", [](ClipSpec& s, const json& v) { s.scheduler = choice_of("scheduler", v, kSchedulers); },
     choice_json<&ClipSpec::scheduler, kSchedulers>, clear<&ClipSpec::scheduler>},
    {"eta", [](ClipSpec& s, const json& v) { s.eta = number_of("eta", v, 0, 1); },
     optional_json<&ClipSpec::eta>, clear<&ClipSpec::eta>},
    {"image_latent",
     [](ClipSpec& s, const json& v) { s.image_latent = choice_of("image_latent", v, kImageLatents); },
     choice_json<&ClipSpec::image_latent, kImageLatents>, clear<&ClipSpec::image_latent>},
    {"clip_skip",
     [](ClipSpec& s, const json& v) { s.clip_skip = static_cast<int>(whole_of("clip_skip", v, 0, 23)); },
     optional_json<&ClipSpec::clip_skip>, clear<&ClipSpec::clip_skip>},
    {"low_memory", [](ClipSpec& s, const json& v) { s.low_memory = truth_of("low_memory", v); },
     truth_json<&ClipSpec::low_memory>, clear<&ClipSpec::low_memory>},
    {"precision", [](ClipSpec& s, const json& v) { s.precision = choice_of("precision", v, kPrecisions); },
     choice_json<&ClipSpec::precision, kPrecisions>, clear<&ClipSpec::precision>},
    {"speed", [](ClipSpec& s, const json& v) { s.speed = choice_of("speed", v, kSpeeds); },
     choice_json<&ClipSpec::speed, kSpeeds>, clear<&ClipSpec::speed>},
    {"cache_interval",
     [](ClipSpec& s, const json& v) {
         s.cache_interval = static_cast<int>(whole_of("cache_interval", v, 1, 1000));
     },
     optional_json<&ClipSpec::cache_interval>, clear<&ClipSpec::cache_interval>},
    {"cache_branch",
     [](ClipSpec& s, const json& v) {
         s.cache_branch = static_cast<int>(whole_of("cache_branch", v, 1, 11));
     },
     optional_json<&ClipSpec::cache_branch>, clear<&ClipSpec::cache_branch>},
    {"guidance_start",
     [](ClipSpec& s, const json& v) { s.guidance_start = number_of("guidance_start", v, 0, 1); },
     optional_json<&ClipSpec::guidance_start>, clear<&ClipSpec::guidance_start>},
    {"guidance_end", [](ClipSpec& s, const json& v) { s.guidance_end = number_of("guidance_end", v, 0, 1); },
     optional_json<&ClipSpec::guidance_end>, clear<&ClipSpec::guidance_end>},
    {"guidance_interval",
     [](ClipSpec& s, const json& v) {
         s.guidance_interval = static_cast<int>(whole_of("guidance_interval", v, 1, 1000));
     },
     optional_json<&ClipSpec::guidance_interval>, clear<&ClipSpec::guidance_interval>},
    {"merge_tokens",
     [](ClipSpec& s, const json& v) {
         s.merge_tokens = number_of("merge_tokens", v, 0, diffusion::kMostMergedTokens);
     },
     optional_json<&ClipSpec::merge_tokens>, clear<&ClipSpec::merge_tokens>},
    {"auto_fit", [](ClipSpec& s, const json& v) { s.auto_fit = truth_of("auto_fit", v); },
     truth_json<&ClipSpec::auto_fit>, clear<&ClipSpec::auto_fit>},
    {"seed",
     [](ClipSpec& s, const json& v) {
         s.seed = static_cast<std::uint64_t>(whole_of("seed", v, 0, kMaxSeed));
     },
     optional_json<&ClipSpec::seed>, clear<&ClipSpec::seed>},
    {"camera", set_camera, camera_json, clear<&ClipSpec::camera>},
    {"depth", [](ClipSpec& s, const json& v) { s.depth = text_of("depth", v); }, text_json<&ClipSpec::depth>,
     clear<&ClipSpec::depth>},
    {"mask", [](ClipSpec& s, const json& v) { s.mask = text_of("mask", v); }, text_json<&ClipSpec::mask>,
     clear<&ClipSpec::mask>},
    {"fit", [](ClipSpec& s, const json& v) { s.fit = choice_of("fit", v, kFits); },
     choice_json<&ClipSpec::fit, kFits>, clear<&ClipSpec::fit>},
    {"background", set_background, background_json, clear<&ClipSpec::background>},
    {"focus", set_focus, focus_json, clear<&ClipSpec::focus>},
    {"loop", [](ClipSpec& s, const json& v) { s.loop = choice_of("loop", v, kLoops); },
     choice_json<&ClipSpec::loop, kLoops>, clear<&ClipSpec::loop>},
    {"quality", [](ClipSpec& s, const json& v) { s.quality = choice_of("quality", v, kQualities); },
     choice_json<&ClipSpec::quality, kQualities>, clear<&ClipSpec::quality>},
    {"crf", [](ClipSpec& s, const json& v) { s.crf = static_cast<int>(whole_of("crf", v, 0, 51)); },
     optional_json<&ClipSpec::crf>, clear<&ClipSpec::crf>},
    {"ai_label",
     [](ClipSpec& s, const json& v) {
         const LabelChoice choice = choice_of("ai_label", v, kLabels);
         s.ai_label = choice.label;
         s.label_language = choice.language;
     },
     [](const ClipSpec& s) {
         return s.ai_label == AiLabel::metadata ? json() : json(label_name(s.ai_label, s.label_language));
     },
     clear<&ClipSpec::ai_label, &ClipSpec::label_language>},
    {"recipe", [](ClipSpec& s, const json& v) { s.recipe = choice_of("recipe", v, kRecipeModes); },
     choice_json<&ClipSpec::recipe, kRecipeModes>, clear<&ClipSpec::recipe>},
    {"allow_flashing", [](ClipSpec& s, const json& v) { s.allow_flashing = truth_of("allow_flashing", v); },
     truth_json<&ClipSpec::allow_flashing>, clear<&ClipSpec::allow_flashing>},
};

void refuse_unknown(const json& object) {
    std::vector<std::string> names;
    for (const Field& field : kFields) names.emplace_back(field.name);
    for (const auto& item : object.items())
        if (!is_field(item.key()))
            throw FieldError(ErrorCode::invalid_argument,
                             fmt::format("\"{}\" is not a field of a clip{}", item.key().substr(0, 60),
                                         did_you_mean(item.key(), names)),
                             item.key().substr(0, 60));
}

void refuse_doubles(const json& object) {
    const auto given = [&](const char* name) { return object.contains(name) && !object[name].is_null(); };
    const auto both = [&](const char* a, const char* b) {
        if (given(a) && given(b))
            throw FieldError(ErrorCode::invalid_argument,
                             fmt::format("{} and {} say the same thing: give one of them", a, b), b);
    };
    both("frames", "duration");
    both("size", "width");
    both("size", "height");
    const bool exact = (given("width") && given("height")) ||
                       (given("size") && object["size"].is_string() &&
                        object["size"].get_ref<const std::string&>().find('x') != std::string::npos);
    if (exact && given("aspect"))
        throw FieldError(ErrorCode::invalid_argument,
                         "aspect follows from width and height: leave one of them out", "aspect");
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
        try {
            found->is_null() ? field.clear(spec) : field.set(spec, *found);
        } catch (const Error& error) {
            throw FieldError(error.code(), error.what(), std::string(field.name));
        }
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

bool is_default(const ClipSpec& spec, std::string_view name) {
    for (const Field& field : kFields)
        if (field.name == name) return field.get(spec).is_null();
    return true;
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
std::string_view name_of(diffusion::ImageLatent latent) { return name_in(latent, kImageLatents); }

std::string label_name(AiLabel label, LabelLanguage language) {
    for (const auto& choice : kLabels)
        if (choice.value.label == label && (label != AiLabel::visible || choice.value.language == language))
            return choice.name;
    return "metadata";
}

}  // namespace stillreel::studio
