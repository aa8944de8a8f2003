#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "prompt/camera_path.h"

namespace stillreel::prompt {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr int kMaxDepth = 8;
constexpr double kMaxNumber = 1e6;
constexpr double kSameMoment = 1e-6;

constexpr std::array<std::pair<const char*, double CameraPose::*>, 7> kPoseFields = {{
    {"x", &CameraPose::x},
    {"y", &CameraPose::y},
    {"z", &CameraPose::z},
    {"pan", &CameraPose::pan},
    {"tilt", &CameraPose::tilt},
    {"roll", &CameraPose::roll},
    {"focal_mm", &CameraPose::focal_mm},
}};

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorCode::invalid_argument, "camera path: " + what);
}

/// The value as the user would find it in the file, cut short.
std::string shown(const Json& value) {
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() <= 40 ? text : text.substr(0, 37) + "...";
}

void expect_object(const Json& value, const std::string& where,
                   std::initializer_list<std::string_view> fields) {
    if (!value.is_object())
        refuse(fmt::format("{} is {}, expected an object in braces", where, shown(value)));
    for (const auto& [key, ignored] : value.items()) {
        if (std::find(fields.begin(), fields.end(), key) != fields.end()) continue;
        std::string known;
        for (const std::string_view field : fields) known += (known.empty() ? "" : ", ") + std::string(field);
        refuse(fmt::format("{} has the unknown field \"{}\", known are {}", where, key.substr(0, 40), known));
    }
}

double number_in(const Json& value, const std::string& where, double least, double most) {
    if (!value.is_number()) refuse(fmt::format("{} is {}, expected a number", where, shown(value)));
    const double number = value.get<double>();
    if (!(number >= least && number <= most))
        refuse(fmt::format("{} is {}, expected {} to {}", where, shown(value), least, most));
    return number;
}

const Json& required(const Json& object, const std::string& where, const char* field) {
    const auto found = object.find(field);
    if (found == object.end())
        refuse(fmt::format("{}{} is missing", where.empty() ? "" : where + ".", field));
    return *found;
}

CameraPose pose_of(const Json& value, const std::string& where, double focal_mm) {
    expect_object(value, where, {"x", "y", "z", "pan", "tilt", "roll", "focal_mm"});
    CameraPose pose;
    pose.focal_mm = focal_mm;
    for (const auto& [name, field] : kPoseFields) {
        if (!value.contains(name)) continue;
        const bool focal = field == &CameraPose::focal_mm;
        pose.*field = number_in(value[name], where + "." + name, focal ? kMinFocalMm : -kMaxNumber,
                                focal ? kMaxFocalMm : kMaxNumber);
    }
    return pose;
}

CameraSegment segment_of(const Json& value, const std::string& where, double focal_mm) {
    expect_object(value, where, {"begin_s", "end_s", "points"});
    CameraSegment segment;
    segment.begin_s = number_in(required(value, where, "begin_s"), where + ".begin_s", 0, kMaxNumber);
    segment.end_s = number_in(required(value, where, "end_s"), where + ".end_s", 0, kMaxNumber);
    if (segment.end_s - segment.begin_s < kSameMoment)
        refuse(fmt::format("{}.end_s is {}, expected a time after begin_s = {}", where, segment.end_s,
                           segment.begin_s));
    const Json& points = required(value, where, "points");
    if (!points.is_array() || (points.size() != 4 && points.size() != 2))
        refuse(
            fmt::format("{}.points is {}, expected a list of 4 poses (or 2, eased)", where, shown(points)));
    std::array<CameraPose, 4> poses;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t from = points.size() == 4 ? i : i / 2;
        poses[i] = pose_of(points[from], fmt::format("{}.points[{}]", where, from), focal_mm);
    }
    segment.p0 = poses[0], segment.p1 = poses[1], segment.p2 = poses[2], segment.p3 = poses[3];
    return segment;
}

std::vector<CameraSegment> segments_of(const Json& list, double focal_mm) {
    if (!list.is_array() || list.empty())
        refuse(fmt::format("segments is {}, expected a list of at least one segment", shown(list)));
    if (list.size() > kMaxCameraSegments)
        refuse(fmt::format("segments has {} entries, at most {} are read", list.size(), kMaxCameraSegments));
    std::vector<CameraSegment> segments;
    for (std::size_t i = 0; i < list.size(); ++i) {
        CameraSegment segment = segment_of(list[i], fmt::format("segments[{}]", i), focal_mm);
        if (!segments.empty()) {
            const double previous = segments.back().end_s;
            if (std::abs(segment.begin_s - previous) > kSameMoment)
                refuse(
                    fmt::format("segments[{}].begin_s is {}, expected {}, where segments[{}] ends "
                                "(no gaps, no overlaps)",
                                i, segment.begin_s, previous, i - 1));
            segment.begin_s = previous;
        }
        segments.push_back(segment);
    }
    return segments;
}

Json parsed(std::string_view text) {
    if (text.size() > kMaxCameraPathBytes)
        refuse(fmt::format("the file has {} bytes, at most {} are read", text.size(), kMaxCameraPathBytes));
    const auto limit_depth = [](int depth, Json::parse_event_t, Json&) {
        if (depth > kMaxDepth) refuse(fmt::format("nested deeper than {} levels", kMaxDepth));
        return true;
    };
    try {
        return Json::parse(text, limit_depth);
    } catch (const Json::exception& error) {
        // The library's text begins with its own error number, which says nothing to a user.
        const std::string_view what = error.what();
        const std::size_t bracket = what.find("] ");
        refuse(fmt::format("not valid JSON: {}", bracket == what.npos ? what : what.substr(bracket + 2)));
    }
}

Json json_of(const CameraPose& pose) {
    Json object;
    for (const auto& [name, field] : kPoseFields) object[name] = pose.*field;
    return object;
}

}  // namespace

std::string to_json(const CameraPath& path) {
    Json segments = Json::array();
    for (const CameraSegment& s : path.segments)
        segments.push_back({{"begin_s", s.begin_s},
                            {"end_s", s.end_s},
                            {"points", {json_of(s.p0), json_of(s.p1), json_of(s.p2), json_of(s.p3)}}});
    Json shake = {
        {"degrees", path.shake.degrees}, {"travel", path.shake.travel}, {"hertz", path.shake.hertz}};
    return Json{{"version", kVersion}, {"segments", std::move(segments)}, {"shake", std::move(shake)}}.dump(
        2);
}

CameraPath parse_camera_path(std::string_view json) {
    const Json root = parsed(json);
    expect_object(root, "the file", {"version", "focal_mm", "segments", "shake"});
    const Json& version = required(root, "", "version");
    if (version != kVersion) refuse(fmt::format("version is {}, expected {}", shown(version), kVersion));
    const double focal_mm = root.contains("focal_mm")
                                ? number_in(root["focal_mm"], "focal_mm", kMinFocalMm, kMaxFocalMm)
                                : kDefaultFocalMm;
    CameraPath path;
    path.segments = segments_of(required(root, "", "segments"), focal_mm);
    if (root.contains("shake")) {
        const Json& shake = root["shake"];
        expect_object(shake, "shake", {"degrees", "travel", "hertz"});
        if (shake.contains("degrees"))
            path.shake.degrees = number_in(shake["degrees"], "shake.degrees", 0, 30);
        if (shake.contains("travel")) path.shake.travel = number_in(shake["travel"], "shake.travel", 0, 1);
        if (shake.contains("hertz")) path.shake.hertz = number_in(shake["hertz"], "shake.hertz", 0.01, 30);
    }
    return path;
}

}  // namespace stillreel::prompt
