// The use cases of the service: clips as jobs. A job's spec is the ClipSpec's JSON, its files named by asset
// ids; whoever works on it gets the files from request_of().
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_store.h"
#include "studio/assets.h"
#include "studio/generate.h"
#include "studio/generator.h"

namespace stillreel::studio {

/// Where the service keeps what: docs/architecture.md, section 5.
struct ServiceFolders {
    std::filesystem::path home;

    std::filesystem::path database() const { return home / "stillreel.db"; }
    std::filesystem::path assets() const { return home / "assets"; }
    std::filesystem::path uploads() const { return home / "uploads"; }
    std::filesystem::path cache() const { return home / "cache"; }
    /// What the quick lane makes and is handed: can be made again, and is cleared away by itself.
    std::filesystem::path quick() const { return cache() / "quick"; }
    std::filesystem::path logs() const { return home / "logs"; }
    /// Pictures of clips under way: progress_picture.h.
    std::filesystem::path progress() const { return cache() / "progress"; }
    std::filesystem::path models() const { return home / "models"; }
    /// $STILLREEL_OUTPUTS, else outputs/ in the home.
    std::filesystem::path outputs() const;
};

/// The spec with its assets' files. Throws FieldError: not_found for an asset that is not there,
/// invalid_argument for a camera that is a file's name: the service reads no file that somebody names.
ClipRequest request_of(const ClipSpec& spec, const AssetStore& assets);

/// What goes with a clip and is not part of it.
struct SubmitOptions {
    int priority = 0;
    std::string batch;
    std::string key;  // Idempotency-Key
    /// Where to tell of the end. Empty: nobody. None: that of the clip which is duplicated.
    std::optional<std::string> webhook{};
};

enum class Seeds { each_its_own, one_for_all };

class ClipService {
  public:
    /// References must outlive the service.
    ClipService(jobs::JobStore& store, const AssetStore& assets, const EngineRegistry& engines,
                ServiceFolders folders)
        : store_(store), assets_(assets), engines_(engines), folders_(std::move(folders)) {}

    /// Checks that the clip can be made, as far as can be told beforehand, and queues it. `fields`: JSON as
    /// for parse_clip_spec(). A seed that is not given is drawn now, so that a clip that is begun twice stays
    /// the same clip. Throws what parse_clip_spec, plan_clip and submit throw.
    jobs::Job submit(std::string_view fields, const SubmitOptions& options);
    /// All or none. Messages name the clip by its number from 1.
    std::vector<jobs::Job> submit_batch(const std::vector<std::string>& clips, const SubmitOptions& options,
                                        Seeds seeds);
    /// A new job like this one, with `changes` (JSON as for merge) on top.
    jobs::Job duplicate(const std::string& id, std::string_view changes, const SubmitOptions& options);
    /// A queued clip's fields.
    jobs::Job edit(const std::string& id, std::string_view changes);

    /// What to draw for a preview: preview_of(), as JSON, checked as a clip is.
    std::string preview(std::string_view fields) const;
    /// What would be made, on the picture that the fields name, and what it would take: a JSON object.
    std::string estimate(std::string_view fields) const;
    /// Throws busy while an unfinished clip needs it.
    void remove_asset(const std::string& id);

    /// The job of a clip. Throws not_found, for jobs of other lanes too.
    jobs::Job clip(const std::string& id) const;
    /// The clip as the interface shows it.
    std::string view(const jobs::Job& job);
    std::vector<std::string> views(const std::vector<jobs::Job>& list);

  private:
    RunOptions run_options() const;
    ClipPlan plan(std::string_view fields) const;
    jobs::NewJob checked(std::string_view fields, const SubmitOptions& options);

    jobs::JobStore& store_;
    const AssetStore& assets_;
    const EngineRegistry& engines_;
    ServiceFolders folders_;
};

}  // namespace stillreel::studio
