// One file from a server to a path: taken up again where it stopped, tried again when the server is busy or
// the line is cut, and given its name only when size and check sum are right.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/http.h"

namespace stillreel::weights {

struct RetryPolicy {
    int attempts = 6;         // in a row that bring less than `progress_bytes`
    double first_wait_s = 1;  // doubles from one attempt to the next ...
    double longest_wait_s = 60;
    double longest_retry_after_s = 300;  // a server that asks for more patience ends the pull
    std::uint64_t progress_bytes = 1 << 20;
};

struct RemoteFile {
    std::string name;  // in messages and relative to the model's folder: "unet/config.json"
    std::string url;
    std::string token;
    std::uint64_t bytes = 0;
    std::string sha256;    // of the content; may be empty when git_sha1 is known
    std::string git_sha1;  // of git's blob; both empty: asked from the server's headers
};

struct DownloadHooks {
    std::function<void(std::uint64_t bytes)> here;  // of this file, so far; may fall when it begins again
    std::function<void(const std::string& line)> note;
    const CancelFlag* cancel = nullptr;
};

/// Where the unfinished content lies: `<target>.part`, and its ETag in `<target>.part.etag`.
std::filesystem::path unfinished(const std::filesystem::path& target);

/// Does nothing when `target` is there: only content that was checked gets its name. Throws not_found,
/// unauthorized, corrupt_data (other content than announced, twice), io (no connection, no space), cancelled.
/// What was loaded stays for the next call.
void download(HttpClient& client, const RemoteFile& file, const std::filesystem::path& target,
              const RetryPolicy& policy, const DownloadHooks& hooks);

/// The same patience for an answer that fits into memory. `name` as in RemoteFile. Throws corrupt_data for
/// more than `max_bytes`.
std::string download_text(HttpClient& client, const RemoteFile& file, std::uint64_t max_bytes,
                          const RetryPolicy& policy, const DownloadHooks& hooks);

/// True when the file has the size and check sum that `file` announces. Throws cancelled, io.
bool has_content(const std::filesystem::path& path, const RemoteFile& file, const CancelFlag* cancel);

}  // namespace stillreel::weights
