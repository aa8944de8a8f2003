#include "weights/hub_pull.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/name_claim.h"
#include "weights/gathering.h"
#include "weights/hub_listing.h"
#include "weights/manifest.h"
#include "weights/model_folder.h"

namespace stillreel::weights {
namespace {

constexpr std::uint64_t kMaxListingBytes = 64 << 20;
constexpr std::uint64_t kMaxIndexBytes = 1 << 20;
constexpr int kListAttempts = 3;
constexpr double kSecondsBetweenProgress = 0.1;

/// Bytes per second over the last seconds.
class Rate {
  public:
    void add(double now_s, std::uint64_t bytes) {
        seen_.push_back({now_s, bytes});
        while (seen_.size() > 2 && seen_[1].at_s < now_s - kWindow_s) seen_.pop_front();
    }
    double bytes_per_second() const {
        const double span_s = seen_.empty() ? 0 : seen_.back().at_s - seen_.front().at_s;
        if (span_s < 0.2 || seen_.back().bytes <= seen_.front().bytes) return 0;
        return static_cast<double>(seen_.back().bytes - seen_.front().bytes) / span_s;
    }

  private:
    struct Moment {
        double at_s;
        std::uint64_t bytes;
    };
    static constexpr double kWindow_s = 8;
    std::deque<Moment> seen_;
};

/// The sum over all files, told now and then.
class Telling {
  public:
    Telling(const PullHooks& hooks, std::uint64_t done, std::uint64_t total)
        : hooks_(hooks), done_(done), total_(total) {}
    void here(const std::string& file, std::uint64_t bytes_of_file) {
        const std::uint64_t now = done_ + bytes_of_file;
        const bool end = now == total_;
        const bool again = end ? told_end_ : told_s_ + kSecondsBetweenProgress > since_.seconds();
        if (!hooks_.progress || again) return;
        told_end_ = end;
        told_s_ = since_.seconds();
        rate_.add(told_s_, now);
        const double rate = rate_.bytes_per_second();
        hooks_.progress({file, now, total_, rate, rate > 0 ? static_cast<double>(total_ - now) / rate : 0});
    }
    void finished(std::uint64_t bytes_of_file) { done_ += bytes_of_file; }

  private:
    const PullHooks& hooks_;
    std::uint64_t done_;
    std::uint64_t total_;
    Stopwatch since_;
    double told_s_ = -1;
    bool told_end_ = false;
    Rate rate_;
};

void sync_folder(const fs::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
}

/// Gives `gathered` the name `root`, in one step also where a model has that name now; what had it is
/// removed.
void take_name(const fs::path& gathered, const fs::path& root) {
    const auto rename_to = [&](unsigned flags) {
        return ::syscall(SYS_renameat2, AT_FDCWD, gathered.c_str(), AT_FDCWD, root.c_str(), flags) == 0;
    };
    std::error_code failed;
    if (!fs::exists(root)) {
        fs::rename(gathered, root, failed);
    } else if (!rename_to(RENAME_EXCHANGE)) {
        // A file system that cannot exchange: for a moment there is no model of this name.
        fs::rename(root, gathered.string() + ".old", failed);
        if (!failed) fs::rename(gathered, root, failed);
    }
    if (failed)
        throw Error(ErrorCode::io,
                    fmt::format("cannot give {} its name: {}", root.string(), failed.message()));
    sync_folder(root.parent_path());
}

class Pull {
  public:
    Pull(const PullRequest& request, const PullHooks& hooks)
        : request_(request),
          hooks_(hooks),
          client_(request.timeouts),
          root_(request.models / name_of_repository(request.repository)),
          gathering_(root_) {}

    Pulled run() {
        choose();
        gathering_.begin(choice_.files);
        if (request_.existing == Existing::check) adopt_existing();
        const std::uint64_t here = gathering_.bytes();
        tell_plan(here);
        if (here == choice_.bytes && fs::exists(root_) && gathering_.complete()) return checked();
        check_space(choice_.bytes - here);
        load();
        finish();
        return {root_, Pulled::Outcome::fetched, static_cast<int>(choice_.files.size()), choice_.bytes,
                choice_.bytes - here};
    }

    /// For whoever reads of an error.
    std::string kept() const {
        const std::uint64_t bytes = gathering_.bytes();
        if (bytes == 0) return "";
        return fmt::format("; {:.1f} of {:.1f} MB are kept: pulling again goes on from there",
                           static_cast<double>(bytes) / 1e6, static_cast<double>(choice_.bytes) / 1e6);
    }

  private:
    RemoteFile remote(const HubFile& file) const {
        return {file.path,
                fmt::format("{}/{}/resolve/{}/{}", request_.endpoint.url, request_.repository,
                            percent_encoded(listing_.commit), percent_encoded(file.path)),
                request_.endpoint.token,
                file.bytes,
                file.sha256,
                file.git_sha1};
    }
    DownloadHooks quiet() const { return {{}, hooks_.note, hooks_.cancel}; }

    void choose() {
        RemoteFile list;
        list.name = "the list of files of " + request_.repository;
        // A branch may hold slashes, which are part of its name here.
        std::string revision = percent_encoded(request_.revision);
        for (auto at = revision.find('/'); at != std::string::npos; at = revision.find('/', at))
            revision.replace(at, 1, "%2F");
        list.url = fmt::format("{}/api/models/{}/revision/{}?blobs=true", request_.endpoint.url,
                               request_.repository, revision);
        list.token = request_.endpoint.token;
        // Nobody knows yet whether there is a Hub at all: three tries tell.
        RetryPolicy curious = request_.retry;
        curious.attempts = std::min(curious.attempts, kListAttempts);
        listing_ = parse_hub_listing(download_text(client_, list, kMaxListingBytes, curious, quiet()),
                                     request_.repository);
        if (listing_.commit.empty()) listing_.commit = request_.revision;
        const HubFile* index = listing_.find("model_index.json");
        if (!index)
            throw Error(ErrorCode::not_found,
                        fmt::format("{} is no pipeline in the diffusers layout: it has no model_index.json",
                                    request_.repository));
        choice_ = choose_files(
            listing_, download_text(client_, remote(*index), kMaxIndexBytes, request_.retry, quiet()),
            request_.variant);
        if (hooks_.note)
            for (const std::string& line : choice_.notes) hooks_.note(line);
    }

    /// Files of the model that is there and that are what the Hub has.
    void adopt_existing() {
        for (const HubFile& file : choice_.files)
            if (has_content(root_ / file.path, remote(file), hooks_.cancel))
                gathering_.adopt(root_, file.path);
    }

    void tell_plan(std::uint64_t here) const {
        if (hooks_.begun)
            hooks_.begun({listing_.commit, static_cast<int>(choice_.files.size()), choice_.bytes, here});
    }

    Pulled checked() {
        write_manifest(root_, manifest());
        gathering_.remove();
        return {root_, Pulled::Outcome::checked, static_cast<int>(choice_.files.size()), choice_.bytes, 0};
    }

    void check_space(std::uint64_t needed) const {
        const std::uint64_t free = request_.free_space(request_.models);
        if (free >= needed) return;
        throw Error(
            ErrorCode::io,
            fmt::format("{} needs {:.1f} GB more in {}, where {:.1f} GB are free: make room there, or point "
                        "STILLREEL_HOME to another disk",
                        request_.repository, static_cast<double>(needed) / 1e9, request_.models.string(),
                        static_cast<double>(free) / 1e9));
    }

    void load() {
        // Unfinished parts are counted when their file's turn comes.
        std::uint64_t done = 0;
        for (const HubFile& file : choice_.files)
            if (fs::exists(gathering_.path(file.path))) done += file.bytes;
        Telling telling(hooks_, done, choice_.bytes);
        for (const HubFile& file : choice_.files) {
            if (fs::exists(gathering_.path(file.path))) continue;
            const DownloadHooks hooks{[&](std::uint64_t bytes) { telling.here(file.path, bytes); },
                                      hooks_.note, hooks_.cancel};
            download(client_, remote(file), gathering_.path(file.path), request_.retry, hooks);
            telling.finished(file.bytes);
        }
    }

    Manifest manifest() const {
        Manifest manifest{request_.repository, request_.revision, listing_.commit, request_.variant, {}};
        const fs::path folder = fs::exists(gathering_.files()) ? gathering_.files() : root_;
        for (const HubFile& file : choice_.files)
            manifest.files.push_back(
                {file.path, file.bytes,
                 file.sha256.empty() ? sha256_hex_of_file(folder / file.path) : file.sha256});
        return manifest;
    }

    void finish() {
        write_manifest(gathering_.files(), manifest());
        take_name(gathering_.files(), root_);
        gathering_.remove();
    }

    const PullRequest& request_;
    const PullHooks& hooks_;
    HttpClient client_;
    fs::path root_;
    Gathering gathering_;
    HubListing listing_;
    Choice choice_;
};

/// Where the model lies already, if it does.
std::optional<fs::path> existing_model(const PullRequest& request) {
    const fs::path root = request.models / name_of_repository(request.repository);
    if (fs::exists(root)) return root;
    for (const InstalledModel& model : installed_models())
        if (model.in_hugging_face_cache && model.name == request.repository) return model.root;
    return std::nullopt;
}

/// A damaged manifest says nothing; checking the model writes it anew.
std::optional<Manifest> readable_manifest(const fs::path& root) {
    try {
        return read_manifest(root);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::corrupt_data) throw;
        return std::nullopt;
    }
}

void refuse_other_model(const PullRequest& request) {
    const fs::path root = request.models / name_of_repository(request.repository);
    const std::optional<Manifest> manifest = readable_manifest(root);
    if (manifest && manifest->repository != request.repository)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} holds {}: remove that first (stillreel models remove {})", root.string(),
                                manifest->repository, root.filename().string()));
}

}  // namespace

fs::path pull_claim(const fs::path& root) {
    return root.parent_path() / fmt::format(".{}.pull", root.filename().string());
}

fs::path models_folder() { return data_home() / "models"; }

Pulled pull_model(const PullRequest& request, const PullHooks& hooks) {
    refuse_other_model(request);
    if (const auto root = existing_model(request); root && request.existing == Existing::keep)
        return {*root, Pulled::Outcome::was_there, 0, 0, 0};
    if (request.endpoint.network == Network::forbidden)
        throw Error(
            ErrorCode::unsupported,
            fmt::format(
                "{} is not here and HF_HUB_OFFLINE forbids to fetch it: unset HF_HUB_OFFLINE, or copy the "
                "model's folder to {}",
                request.repository, (request.models / name_of_repository(request.repository)).string()));
    const auto claim = NameClaim::take(pull_claim(request.models / name_of_repository(request.repository)));
    if (!claim)
        throw Error(ErrorCode::busy, fmt::format("{} is being pulled by another stillreel at this moment",
                                                 request.repository));
    Pull pull(request, hooks);
    try {
        return pull.run();
    } catch (const Error& error) {
        throw Error(error.code(), error.what() + pull.kept());
    } catch (const fs::filesystem_error& error) {
        throw Error(ErrorCode::io, fmt::format("cannot write {}: {}{}", error.path1().string(),
                                               error.code().message(), pull.kept()));
    }
}

}  // namespace stillreel::weights
