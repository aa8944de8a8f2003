// Work on files from outside that somebody waits for, done by the workers of jobs::kQuickLane: what the
// server asks them (a job's spec), and how they do it. The server names the files; nothing that a client says
// becomes part of a path.
#pragma once

#include <string>
#include <string_view>

#include "jobs/worker.h"
#include "studio/clip_service.h"

namespace stillreel::studio {

constexpr int kThumbnailSidePx = 320;

enum class QuickKind {
    upload,           // decode `file`, keep it as `asset`, make its thumbnail
    asset_thumbnail,  // JPEG, long side 320 px
    thumbnail,        // the same of a clip's first frame
    strip,            // JPEG of several frames side by side
    frame,            // JPEG of one frame, full size
    preview,          // MP4 of the move of `spec`
    recipe,           // read what made `file`, an MP4
};

struct QuickTask {
    QuickKind kind = QuickKind::thumbnail;
    std::string file;    // in ServiceFolders::quick(): what is to be made; of upload and recipe, what to read
    std::string asset;   // id
    std::string name;    // what the client calls its upload
    std::string output;  // the clip's file, in ServiceFolders::outputs()
    int frame = 0;
    std::string spec;  // of a preview: preview_of(), as JSON
};

std::string to_json(const QuickTask& task);
/// Throws corrupt_data for what to_json() did not write.
QuickTask parse_quick_task(std::string_view json);

/// The name of an asset's thumbnail in ServiceFolders::quick().
std::string thumbnail_of_asset(const std::string& asset);
/// That of what shows this state of a clip's file; `what`: "thumbnail", "strip", "frame-12".
std::string picture_of_clip(const std::string& clip, const std::string& file_state, const std::string& what);

/// What run_worker() does for the lane. The result of a recipe is its JSON, of the others there is none.
jobs::Work quick_work(const EngineRegistry& engines, const ServiceFolders& folders);

}  // namespace stillreel::studio
