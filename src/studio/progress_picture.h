// A small picture of a clip under way, for whoever waits for it: a file that the worker replaces while it
// works and takes away at the end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/clock.h"
#include "image/image.h"
#include "jobs/job_store.h"
#include "studio/clip_service.h"

namespace stillreel::studio {

class ProgressPicture {
  public:
    /// Of the job's present attempt. Nothing is written yet.
    ProgressPicture(const jobs::Job& job, const ServiceFolders& folders);
    /// Removes the file.
    ~ProgressPicture();
    ProgressPicture(const ProgressPicture&) = delete;
    ProgressPicture& operator=(const ProgressPicture&) = delete;

    /// Writes `picture` (RGB or RGBA, drawn as if opaque) as a JPEG with a long side of at most 512 px, whole
    /// or not at all; nothing within a second of the last one. A disk that refuses it is no reason to stop.
    void show(const image::Image& picture);

  private:
    std::filesystem::path file_;
    std::optional<Stopwatch> since_last_;
};

/// What ProgressPicture has written of a running job's attempt.
struct ShownProgress {
    std::string name;          // of the file in ServiceFolders::progress()
    std::int64_t version = 0;  // another one for another picture
};
/// Nothing when the job does not run, or nothing was shown yet.
std::optional<ShownProgress> progress_picture(const jobs::Job& job, const ServiceFolders& folders);

/// Removes what killed workers have left: the pictures of attempts that are over.
void remove_stray_progress(jobs::JobStore& store, const ServiceFolders& folders);

}  // namespace stillreel::studio
