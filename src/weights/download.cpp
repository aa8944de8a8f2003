#include "weights/download.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"

namespace stillreel::weights {
namespace {

constexpr std::uint64_t kMaxEtagBytes = 1000;
constexpr const char* kAdvice = "HF_ENDPOINT can name a mirror";
constexpr int kFreshStarts = 2;  // of a file whose content was not what was announced

std::string header(const HttpHeaders& headers, const char* name) {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
}

fs::path etag_file(const fs::path& target) { return unfinished(target).string() + ".etag"; }

/// A number at the start of `text`.
std::optional<std::uint64_t> number(const std::string& text) {
    unsigned long long value = 0;
    if (text.empty() || text.size() > 18 || std::sscanf(text.c_str(), "%llu", &value) != 1) return {};
    return value;
}

/// "bytes 100-199/200" -> 100.
std::optional<std::uint64_t> first_byte(const std::string& content_range) {
    if (!content_range.starts_with("bytes ")) return {};
    return number(content_range.substr(6, content_range.find('-') - 6));
}

std::string digest_of_file(const fs::path& path, Digest digest, const CancelFlag* cancel) {
    std::ifstream in(path, std::ios::binary);
    std::vector<char> chunk(1 << 20);
    while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || in.gcount() > 0) {
        if (cancel) cancel->throw_if_requested();
        digest.add(chunk.data(), static_cast<std::size_t>(in.gcount()));
    }
    return digest.hex();
}

/// The unfinished file, open for more.
class Appending {
  public:
    Appending(const fs::path& path, const std::string& name)
        : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)), name_(name) {
        if (fd_ < 0) fail(errno);
        const off_t end = ::lseek(fd_, 0, SEEK_END);
        if (end < 0) fail(errno);
        bytes_ = static_cast<std::uint64_t>(end);
    }
    ~Appending() { ::close(fd_); }
    Appending(const Appending&) = delete;
    Appending& operator=(const Appending&) = delete;

    std::uint64_t bytes() const { return bytes_; }
    void begin_again() {
        if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) < 0) fail(errno);
        bytes_ = 0;
    }
    void add(std::span<const char> piece) {
        while (!piece.empty()) {
            const ssize_t wrote = ::write(fd_, piece.data(), piece.size());
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote < 0) fail(errno);
            bytes_ += static_cast<std::uint64_t>(wrote);
            piece = piece.subspan(static_cast<std::size_t>(wrote));
        }
    }
    void sync() {
        if (::fsync(fd_) != 0) fail(errno);
    }

  private:
    [[noreturn]] void fail(int error) const {
        throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", name_, std::strerror(error)));
    }
    int fd_;
    std::string name_;
    std::uint64_t bytes_ = 0;
};

/// An answer that says to come again later.
struct Later {
    std::string why;
    std::optional<double> retry_after_s;
};

bool is_busy(int status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

Later later(const HttpReply& reply) {
    const char* meaning = reply.status == 429 ? "too many requests" : "busy";
    Later answer{fmt::format("{} answers {} ({})", reply.host, reply.status, meaning), {}};
    if (const auto seconds = number(header(reply.headers, "retry-after")))
        answer.retry_after_s = static_cast<double>(*seconds);
    return answer;
}

[[noreturn]] void refuse(const HttpReply& reply, const RemoteFile& file) {
    const std::string hub_code = header(reply.headers, "x-error-code");
    const std::string about = fmt::format("{} answers {} for {}", reply.host, reply.status, file.name);
    if (hub_code == "GatedRepo")
        throw Error(
            ErrorCode::unauthorized,
            fmt::format("{}: the model is gated; accept its terms on its page there, then set HF_TOKEN to "
                        "a token of that account",
                        about));
    if (hub_code == "RepoNotFound" || (reply.status == 401 && file.token.empty()))
        throw Error(
            reply.status == 404 ? ErrorCode::not_found : ErrorCode::unauthorized,
            fmt::format("{}: there is no such model, or it is private: check the name; for a private one "
                        "set HF_TOKEN",
                        about));
    if (reply.status == 401)
        throw Error(ErrorCode::unauthorized, fmt::format("{}: HF_TOKEN is not valid there", about));
    if (reply.status == 403)
        throw Error(
            ErrorCode::unauthorized,
            fmt::format("{}: access denied; accept the model's terms on its page there, or set HF_TOKEN to a "
                        "token that may read it",
                        about));
    if (reply.status == 404)
        throw Error(
            ErrorCode::not_found,
            fmt::format("{}: there is no such {}", about,
                        hub_code == "RevisionNotFound" ? "revision: check --revision" : "file or model"));
    throw Error(ErrorCode::io, fmt::format("{}: nothing that could be loaded", about));
}

void wait(double seconds, const CancelFlag* cancel) {
    const Stopwatch since;
    while (since.seconds() < seconds) {
        if (cancel) cancel->throw_if_requested();
        const double left = std::clamp(seconds - since.seconds(), 0.0, 0.05);
        ::usleep(static_cast<useconds_t>(left * 1e6));
    }
}

/// Counts attempts that got nowhere and waits between them.
class Patience {
  public:
    Patience(const RetryPolicy& policy, const std::string& name, const DownloadHooks& hooks)
        : policy_(policy), name_(name), hooks_(hooks), wait_s_(policy.first_wait_s) {}

    void got_ahead() {
        failed_ = 0;
        wait_s_ = policy_.first_wait_s;
    }
    /// Waits, or throws io when it is over.
    void lose(const Later& answer) {
        if (answer.retry_after_s.value_or(0) > policy_.longest_retry_after_s)
            give_up(fmt::format("{} and asks for {:.0f} s of patience", answer.why, *answer.retry_after_s));
        if (++failed_ >= policy_.attempts)
            give_up(fmt::format("{}; gave up after {} attempts", answer.why, failed_));
        const double seconds = std::max(answer.retry_after_s.value_or(0), wait_s_);
        if (hooks_.note)
            hooks_.note(fmt::format("{}: {}; trying again in {:.0f} s", name_, answer.why, seconds));
        wait(seconds, hooks_.cancel);
        wait_s_ = std::min(2 * wait_s_, policy_.longest_wait_s);
    }

  private:
    [[noreturn]] void give_up(const std::string& why) const {
        throw Error(ErrorCode::io, fmt::format("cannot load {}: {}", name_, why));
    }
    const RetryPolicy& policy_;
    const std::string& name_;
    const DownloadHooks& hooks_;
    double wait_s_;
    int failed_ = 0;
};

/// Bytes of the whole content, as far as the server says.
std::optional<std::uint64_t> whole_bytes(const HttpReply& reply) {
    if (reply.status != 206) return number(header(reply.headers, "content-length"));
    const std::string range = header(reply.headers, "content-range");
    const auto slash = range.find('/');
    return slash == std::string::npos ? std::nullopt : number(range.substr(slash + 1));
}

/// What the server announces where the listing did not.
void complete_from_headers(RemoteFile& file, const HttpReply& reply) {
    if (!file.sha256.empty() || !file.git_sha1.empty()) return;
    std::string tag = header(reply.first, "x-linked-etag");
    if (tag.empty()) tag = header(reply.first, "etag");
    std::erase(tag, '"');
    if (tag.size() == 64) file.sha256 = tag;
    if (tag.size() == 40) file.git_sha1 = tag;
}

class Download {
  public:
    Download(HttpClient& client, const RemoteFile& file, const fs::path& target, const RetryPolicy& policy,
             const DownloadHooks& hooks)
        : client_(client), file_(file), target_(target), policy_(policy), hooks_(hooks) {}

    void run() {
        fs::create_directories(target_.parent_path());
        for (int start = 1;; ++start) {
            load();
            if (has_content(unfinished(target_), file_, hooks_.cancel)) break;
            fs::remove(unfinished(target_));
            if (start >= kFreshStarts)
                throw Error(
                    ErrorCode::corrupt_data,
                    fmt::format("{}: what {} sends is not what it announces ({}, {} bytes): is the mirror "
                                "damaged?",
                                file_.name, host_, announced(), file_.bytes));
            if (hooks_.note)
                hooks_.note(fmt::format("{}: the check sum is wrong; loading it again", file_.name));
        }
        fs::rename(unfinished(target_), target_);
        fs::remove(etag_file(target_));
    }

  private:
    std::string announced() const {
        return file_.sha256.empty() ? "git blob " + file_.git_sha1 : "SHA-256 " + file_.sha256;
    }

    /// Until the unfinished file has its full size.
    void load() {
        Appending part(unfinished(target_), file_.name);
        Patience patience(policy_, file_.name, hooks_);
        if (part.bytes() > file_.bytes) part.begin_again();
        std::uint64_t furthest = part.bytes();
        while (part.bytes() < file_.bytes) {
            if (hooks_.cancel) hooks_.cancel->throw_if_requested();
            const std::optional<Later> answer = attempt(part);
            // Measured from the furthest point ever: a server that always cuts at the same place is no
            // progress.
            if (part.bytes() >= furthest + policy_.progress_bytes) {
                furthest = part.bytes();
                patience.got_ahead();
            }
            if (answer) patience.lose(*answer);
        }
        part.sync();
    }

    /// One request. Nothing when it ended well.
    std::optional<Later> attempt(Appending& part) {
        HttpRequest request{file_.url, file_.token, part.bytes(), "", kAdvice};
        if (part.bytes() > 0 && fs::exists(etag_file(target_)))
            request.if_range = read_text_file(etag_file(target_), kMaxEtagBytes);
        try {
            const HttpReply reply = client_.get(
                request, [&](const HttpReply& begun) { begin(part, begun); },
                [&](std::span<const char> piece) { take(part, piece); }, hooks_.cancel);
            return judge(part, reply);
        } catch (const HttpFailure& failure) {
            if (failure.cure() == HttpFailure::Cure::none)
                throw Error(ErrorCode::io, fmt::format("cannot load {}: {}", file_.name, failure.what()));
            return Later{failure.what(), {}};
        }
    }

    void begin(Appending& part, const HttpReply& reply) {
        host_ = reply.host;
        complete_from_headers(file_, reply);
        if (const auto whole = whole_bytes(reply); whole && *whole != file_.bytes)
            throw Error(ErrorCode::corrupt_data,
                        fmt::format("{}: {} has {} bytes of it, {} were announced: the mirror "
                                    "is out of step",
                                    file_.name, reply.host, *whole, file_.bytes));
        const bool continues =
            reply.status == 206 && first_byte(header(reply.headers, "content-range")) == part.bytes();
        if (!continues) {
            if (reply.status == 206 && part.bytes() > 0)
                throw HttpFailure(fmt::format("{} sends another part than the one asked for", reply.host),
                                  HttpFailure::Cure::none);
            part.begin_again();
        }
        const std::string tag = header(reply.headers, "etag");
        // A weak tag promises a like meaning, not like bytes.
        if (tag.starts_with('"') && tag.size() <= kMaxEtagBytes)
            write_file(etag_file(target_), tag);
        else
            fs::remove(etag_file(target_));
    }

    void take(Appending& part, std::span<const char> piece) {
        if (piece.size() > file_.bytes - part.bytes()) {
            part.begin_again();
            throw Error(ErrorCode::corrupt_data,
                        fmt::format("{}: {} sends more than the {} bytes that were announced", file_.name,
                                    host_, file_.bytes));
        }
        part.add(piece);
        if (hooks_.here) hooks_.here(part.bytes());
    }

    std::optional<Later> judge(Appending& part, const HttpReply& reply) {
        if (reply.status == 416) {  // our part is none of theirs
            part.begin_again();
            return Later{fmt::format("{} has no such part of it", reply.host), {}};
        }
        if (is_busy(reply.status)) return later(reply);
        // A store's signed address has run out: the Hub gives a fresh one.
        if (reply.status == 403 && reply.host != origin_of(file_.url).host)
            return Later{fmt::format("{} answers 403", reply.host), {}};
        if (reply.status < 200 || reply.status >= 300) refuse(reply, file_);
        if (part.bytes() < file_.bytes)
            return Later{fmt::format("{} ended after {} of {} bytes", reply.host, part.bytes(), file_.bytes),
                         {}};
        return {};
    }

    HttpClient& client_;
    RemoteFile file_;
    fs::path target_;
    const RetryPolicy& policy_;
    const DownloadHooks& hooks_;
    std::string host_;
};

}  // namespace

fs::path unfinished(const fs::path& target) { return target.string() + ".part"; }

void download(HttpClient& client, const RemoteFile& file, const fs::path& target, const RetryPolicy& policy,
              const DownloadHooks& hooks) {
    if (!fs::exists(target)) Download(client, file, target, policy, hooks).run();
    if (hooks.here) hooks.here(file.bytes);
}

std::string download_text(HttpClient& client, const RemoteFile& file, std::uint64_t max_bytes,
                          const RetryPolicy& policy, const DownloadHooks& hooks) {
    Patience patience(policy, file.name, hooks);
    for (;;) {
        std::string text;
        const auto take = [&](std::span<const char> piece) {
            if (piece.size() > max_bytes - text.size())
                throw Error(ErrorCode::corrupt_data,
                            fmt::format("{}: the answer has more than {} bytes", file.name, max_bytes));
            text.append(piece.data(), piece.size());
        };
        try {
            const HttpReply reply = client.get({file.url, file.token, 0, "", kAdvice}, {}, take, hooks.cancel);
            if (reply.status >= 200 && reply.status < 300) return text;
            if (!is_busy(reply.status)) refuse(reply, file);
            patience.lose(later(reply));
        } catch (const HttpFailure& failure) {
            if (failure.cure() == HttpFailure::Cure::none)
                throw Error(ErrorCode::io, fmt::format("cannot load {}: {}", file.name, failure.what()));
            patience.lose({failure.what(), {}});
        }
    }
}

bool has_content(const fs::path& path, const RemoteFile& file, const CancelFlag* cancel) {
    std::error_code failed;
    if (fs::file_size(path, failed) != file.bytes || failed) return false;
    const bool by_git = file.sha256.empty();
    if (by_git && file.git_sha1.empty()) return true;  // nobody has told
    return digest_of_file(path, by_git ? Digest::git_blob(file.bytes) : Digest::sha256(), cancel) ==
           (by_git ? file.git_sha1 : file.sha256);
}

}  // namespace stillreel::weights
