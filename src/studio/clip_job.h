// A clip as a worker makes it: the job's spec becomes a file under the name that the queue reserved, and the
// recipe in it carries the job's id, so that whoever finds it later knows whose it is.
#pragma once

#include "jobs/job_store.h"
#include "jobs/worker.h"
#include "studio/clip_service.h"
#include "studio/generator.h"

namespace stillreel::studio {

/// What run_worker() calls for the jobs of the render lane. The result of a job is a JSON object: output
/// (file name), frames, seconds (to make it), bytes, seed; step_seconds (the median) where there were steps;
/// partial_steps for a clip that was stopped and kept. Packed weights of models are kept in the folder
/// packed_cache; empty: nowhere. The references must outlive it.
jobs::Work clip_work(jobs::JobStore& store, const EngineRegistry& engines, const ServiceFolders& folders,
                     const std::filesystem::path& packed_cache = {});

/// Removes the job's output and what was begun of it. A file of that name that is another's stays. Throws io.
void remove_output(const jobs::Job& job, const ServiceFolders& folders);

}  // namespace stillreel::studio
