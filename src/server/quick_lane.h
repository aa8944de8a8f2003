// Work that somebody waits for and that touches pictures and clips from outside: it is done by a process of
// its own, so that a hostile file never meets the server.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <string>

namespace stillreel::server {

struct QuickTask {
    std::string kind;     // "asset_thumbnail", "thumbnail", "strip", "frame", "preview", "recipe"
    std::string subject;  // JSON: asset or clip, and what else the kind needs
};

struct QuickResult {
    std::filesystem::path folder;  // a root that the server may serve from
    std::string name;              // of the file in it
    std::string media_type;        // of a picture, a video or JSON
    std::exception_ptr error;      // instead
};

class QuickLane {
  public:
    virtual ~QuickLane() = default;
    /// Returns at once; `answer` is called once, by any thread.
    virtual void ask(const QuickTask& task, std::function<void(QuickResult)> answer) = 0;
};

}  // namespace stillreel::server
