#include "studio/clip_job.h"

#include <fmt/core.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/amounts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/name_claim.h"
#include "base/threads.h"
#include "media/video.h"
#include "studio/progress_picture.h"
#include "studio/recipe.h"
#include "studio/stage_times.h"

namespace stillreel::studio {
namespace {

using nlohmann::ordered_json;

bool is_there(const fs::path& file) {
    std::error_code failed;
    return fs::exists(fs::symlink_status(file, failed));
}

/// The comment inside of the job's file; nothing when there is no such file, or it is another's. Files get
/// their names when they are whole: one that is there is finished.
std::optional<std::string> comment_in_output(const jobs::Job& job, const fs::path& file,
                                             media::VideoFacts& facts) {
    if (!is_there(file)) return std::nullopt;
    try {
        facts = media::probe_video(file);
    } catch (const Error&) {
        return std::nullopt;
    }
    const auto comment = facts.tags.find("comment");
    if (comment == facts.tags.end() || job_of(comment->second) != job.id) return std::nullopt;
    return comment->second;
}

/// Between the claim and the moment at which the file got its last byte.
double seconds_made(const jobs::Job& job, const fs::path& file) {
    return std::max(0.0, static_cast<double>(unix_ms(fs::last_write_time(file)) - job.started_ms) / 1000);
}

std::string result_json(const MadeClip& made, const std::optional<double>& step_seconds = std::nullopt) {
    ordered_json result = {{"output", made.output.filename().string()},
                           {"frames", made.frames},
                           {"seconds", made.seconds},
                           {"bytes", made.bytes},
                           {"seed", made.seed}};
    if (made.partial_steps) result["partial_steps"] = *made.partial_steps;
    if (step_seconds) result["step_seconds"] = *step_seconds;
    return result.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// The result of a clip whose worker died before it could say so.
std::optional<std::string> result_in_output(const jobs::Job& job, const ServiceFolders& folders) {
    media::VideoFacts facts;
    MadeClip made;
    made.output = folders.outputs() / job.output;
    const auto comment = comment_in_output(job, made.output, facts);
    if (!comment) return std::nullopt;
    made.frames = static_cast<int>(facts.frames);
    made.bytes = static_cast<std::uint64_t>(facts.bytes);
    made.seconds = seconds_made(job, made.output);
    made.seed = parse_clip_spec(job.spec).seed.value_or(0);
    if (looks_like_recipe(*comment)) made.partial_steps = parse_recipe(*comment).partial_steps;
    log::info(fmt::format("job {}: {} is finished already and is taken as it is", job.id, job.output));
    return result_json(made);
}

std::string words_of(const ClipPlan& plan) {
    std::string words = fmt::format("{}, {} frames of {}x{} at {} frames/s, seed {}", plan.engine,
                                    plan.clip.frames, plan.clip.frame.width_px, plan.clip.frame.height_px,
                                    to_string(plan.clip.fps), plan.clip.seed);
    if (plan.clip.steps > 0) words += fmt::format(", {} steps", plan.clip.steps);
    if (const diffusion::Rung* rung = plan.rung())
        words += fmt::format(", {} of {} free memory", bytes_text(rung->cost.peak_bytes),
                             bytes_text(plan.fit->free_bytes));
    return words + fmt::format(", about {}", duration_text(plan.estimate.seconds));
}

/// What is told of one attempt: to the queue, to the log, and as a picture.
class Account {
  public:
    Account(const jobs::Job& job, const jobs::ReportProgress& report, const ServiceFolders& folders)
        : beginning_(fmt::format("job {}: ", job.id)),
          report_(report),
          picture_(job, folders),
          times_([this](const std::string& line) { say(line); }) {}

    void say(const std::string& line) const { log::info(beginning_ + line); }

    Observer observer() {
        Observer observer;
        observer.started = [this](const Started& started) { say(words_of(started.plan)); };
        observer.note = [this](const std::string& line) { say(line); };
        observer.pictured = [this](const image::Image& picture) { picture_.show(picture); };
        observer.progress = [this](const Progress& now) {
            times_.hear(now);
            report_(now.done, now.stage.empty() ? "frames" : now.stage, now.seconds_left);
        };
        return observer;
    }

    /// The result for the queue.
    std::string made(const MadeClip& made) {
        times_.end();
        say(fmt::format("{} is written: {} frames, {}, in {:.1f} s", made.output.filename().string(),
                        made.frames, bytes_text(made.bytes), made.seconds));
        return result_json(made, times_.step_seconds());
    }

  private:
    std::string beginning_;
    const jobs::ReportProgress& report_;
    ProgressPicture picture_;
    StageTimes times_;
};

class ClipExecutor {
  public:
    ClipExecutor(jobs::JobStore& store, const EngineRegistry& engines, ServiceFolders folders,
                 fs::path packed_cache)
        : store_(store),
          engines_(engines),
          folders_(std::move(folders)),
          packed_cache_(std::move(packed_cache)),
          assets_(folders_.assets()) {}

    std::string execute(const jobs::Claim& claim, const jobs::ReportProgress& report,
                        const CancelFlag& cancel) const {
        const jobs::Job& job = claim.job;
        remove_stray_progress(store_, folders_);
        Account account(job, report, folders_);
        account.say(fmt::format("attempt {} by the worker {} (process {}) writes {}", claim.attempt,
                                claim.worker, ::getpid(), job.output));
        const ClipRequest request = request_of(parse_clip_spec(job.spec), assets_);
        return account.made(generate(request, run_options(claim), engines_, account.observer(), cancel));
    }

  private:
    RunOptions run_options(const jobs::Claim& claim) const {
        if (claim.job.output.empty())
            throw Error(ErrorCode::invalid_argument,
                        fmt::format("job {} was submitted without a form for its output's name; submit it "
                                    "through the service",
                                    claim.job.id));
        RunOptions run;
        run.threads = available_threads();
        run.output = folders_.outputs() / claim.job.output;
        run.uploads = folders_.uploads();
        run.cache = folders_.cache();
        run.packed_cache = packed_cache_;
        run.job = claim.job.id;
        // Whether to keep what there is, is said together with the wish to cancel.
        run.keeps_partial = [this, &claim] {
            return store_.look(claim) == jobs::Verdict::cancel && store_.get(claim.job.id).keep_partial;
        };
        return run;
    }

    jobs::JobStore& store_;
    const EngineRegistry& engines_;
    ServiceFolders folders_;
    fs::path packed_cache_;
    AssetStore assets_;
};

}  // namespace

void remove_output(const jobs::Job& job, const ServiceFolders& folders) {
    if (job.output.empty() || !is_there(folders.outputs())) return;
    const fs::path file = folders.outputs() / job.output;
    // Whoever writes under this name holds the claim; else the claim's end removes what was left half done.
    if (!NameClaim::take(file)) return;
    media::VideoFacts facts;
    if (!comment_in_output(job, file, facts)) return;
    std::error_code failed;
    fs::remove(file, failed);
    if (failed)
        throw Error(ErrorCode::io, fmt::format("cannot remove {}: {}", file.string(), failed.message()));
}

jobs::Work clip_work(jobs::JobStore& store, const EngineRegistry& engines, const ServiceFolders& folders,
                     const fs::path& packed_cache) {
    const auto executor = std::make_shared<ClipExecutor>(store, engines, folders, packed_cache);
    jobs::Work work;
    work.execute = [executor](const jobs::Claim& claim, const jobs::ReportProgress& report,
                              const CancelFlag& cancel) { return executor->execute(claim, report, cancel); };
    work.finished_already = [folders](const jobs::Job& job) { return result_in_output(job, folders); };
    work.discard_output = [&store, folders](const jobs::Job& job) {
        remove_stray_progress(store, folders);
        remove_output(job, folders);
    };
    work.name_taken = [folders](const std::string& output) {
        const fs::path file = folders.outputs() / output;
        return is_there(file) || is_there(file.string() + ".part");
    };
    return work;
}

}  // namespace stillreel::studio
