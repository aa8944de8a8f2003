// Sending a finished clip, whole or in part.
#pragma once

#include "jobs/job_store.h"
#include "server/http.h"
#include "studio/clip_service.h"

namespace stillreel::server {

/// The clip's file. Throws busy while it is not completed, not_found when its file is gone.
std::shared_ptr<OpenFile> open_clip(const jobs::Job& job, const studio::ServiceFolders& folders);

/// The clip's file: Range, ETag, If-None-Match, ?download=1. Throws as open_clip.
Response clip_content(const Request& request, const jobs::Job& job, const studio::ServiceFolders& folders);

/// Any file below `folder`, of a type that does not run.
Response file_content(const Request& request, const std::filesystem::path& folder, const std::string& name,
                      const std::string& media_type);

}  // namespace stillreel::server
