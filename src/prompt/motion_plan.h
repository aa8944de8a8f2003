// What should move: the meaning of a prompt, as plain values. docs/motion-plan.md is its manual for users.
//
// Directions are the camera's: pan and truck +1 = right, tilt and pedestal +1 = up, roll +1 = clockwise, zoom
// and dolly +1 = in, orbit +1 = the camera travels right. The picture moves the other way.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stillreel::prompt {

/// A part of the clip, both ends as fractions of its length.
struct Span {
    double begin = 0.0;
    double end = 1.0;
    friend bool operator==(const Span&, const Span&) = default;
};

enum class CameraMove { hold, pan, tilt, roll, zoom, dolly, truck, pedestal, orbit, handheld };

struct CameraTrack {
    CameraMove move = CameraMove::hold;
    double direction = 1.0;  // +1 or -1, see above; +1 for hold and handheld
    double speed = 1.0;      // factor on the default rate: gently 0.4, slowly 0.6, quickly 2.5, whip 10
    std::optional<double>
        amount;  // said outright ("30 degrees", "2x"): degrees (pan, tilt, roll, orbit), scale factor
                 // (zoom, dolly), fraction of the frame (truck, pedestal); then speed says nothing
    Span when;
};

/// What can be laid over or moved inside the picture.
enum class EffectKind {
    // atmosphere
    rain,
    snow,
    fog,
    dust,
    smoke,
    embers,
    leaves,
    petals,
    fireflies,
    // light
    police_lights,
    candle,
    neon,
    lightning,
    sun_rays,
    sunrise,
    sunset,
    // surfaces
    water,
    foliage,
    clouds,
    cloth,
};

struct EffectTrack {
    EffectKind kind = EffectKind::rain;
    double intensity = 0.5;  // 0 to 1: light rain 0.25, rain 0.5, heavy rain 0.9
    double speed = 1.0;      // factor on its natural speed; the plan's time_scale comes on top
    bool distant = false;    // "in the distance": smaller, further away, behind the subject
    std::string colours;     // police_lights: "red", "blue" or "red_blue"; empty otherwise
    std::string style;  // water: "waves", "ripples" or "flow"; smoke: "smoke" or "steam"; empty otherwise
    Span when;
};

enum class SubjectMove { turntable, slow_turn, breathing, sway };

struct SubjectTrack {
    SubjectMove move = SubjectMove::breathing;
    double direction = 1.0;  // slow_turn, turntable: +1 turns to the right of the frame first
    double speed = 1.0;
    Span when;
};

struct Wind {
    double direction = 1.0;  // +1 blows to the right of the frame
    double strength = 0.0;   // 0 none, 0.3 breeze, 0.6 wind, 1 storm
};

/// An action that a procedural engine cannot show honestly (a walk, a change of expression). Kept, and said.
struct NotRendered {
    std::string text;    // the words
    std::string reason;  // one sentence for the user
};

enum class Reading {
    rendered,      // became a track or changed one
    scene,         // describes what is in the picture: nothing to do
    style,         // quality and style words: nothing moves by them
    not_rendered,  // understood, but this engine does not do it (see not_rendered)
    not_understood,
};

/// Every phrase of the prompt, in order; together they cover all of its words.
struct Phrase {
    std::string text;
    std::size_t begin = 0;  // byte offsets in the prompt (UTF-8)
    std::size_t end = 0;
    Reading reading = Reading::not_understood;
    std::string meaning;  // "camera: dolly in, slowly, whole clip"
};

/// Advice about the prompt; never an error.
struct Lint {
    std::string rule;  // "no_motion_verb", "abstract_words", "no_subject", "no_environment"
    std::string message;
    std::string suggestion;  // the rewritten prompt
};

struct MotionPlan {
    std::string prompt;
    std::string language;  // "en", "zh", or "mixed"
    std::vector<CameraTrack> camera;
    std::vector<EffectTrack> effects;
    std::vector<SubjectTrack> subject;
    Wind wind;
    double time_scale = 1.0;    // speed of everything that is not the camera: slow motion 0.5, time-lapse 6
    bool night = false;         // the words say night or dark
    bool default_move = false;  // nothing was understood as motion: the camera track is the gentle push-in
    bool still = false;         // "static", "locked-off", "nothing moves" and no effect: all frames are equal
    std::vector<NotRendered> not_rendered;
    std::vector<Phrase> phrases;
    std::vector<Lint> lint;
    std::vector<std::string>
        notes;  // lines the user should read ("no motion found: a gentle push-in is used")
};

constexpr std::size_t kMaxPromptBytes = 16 * 1024;
constexpr double kDefaultDurationS = 4;

/// Understands an English or Chinese prompt. Never fails on words; throws invalid_argument when the prompt is
/// longer than kMaxPromptBytes or is not UTF-8. An empty prompt gives the default move. `duration_s` is the
/// clip's length, needed for times said in seconds ("after 2 seconds").
MotionPlan parse_prompt(std::string_view prompt, double duration_s = kDefaultDurationS);

/// Spelling in JSON and messages: "dolly", "police_lights", "slow_turn", "not_understood".
std::string_view name_of(CameraMove move);
std::string_view name_of(EffectKind kind);
std::string_view name_of(SubjectMove move);
std::string_view name_of(Reading reading);

/// The plan as JSON text (docs/motion-plan.md), two spaces of indentation.
std::string to_json(const MotionPlan& plan);

}  // namespace stillreel::prompt
