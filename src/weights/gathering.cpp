#include "weights/gathering.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "weights/download.h"

namespace stillreel::weights {
namespace {

constexpr std::uint64_t kMaxNoteBytes = 4 << 20;

/// What tells one content from another.
std::string identity(const HubFile& file) {
    return fmt::format("{} {}", file.bytes, file.sha256.empty() ? file.git_sha1 : file.sha256);
}

std::map<std::string, std::string> read_note(const fs::path& path) {
    if (!fs::exists(path)) return {};
    const nlohmann::json note = nlohmann::json::parse(read_text_file(path, kMaxNoteBytes), nullptr, false);
    std::map<std::string, std::string> identities;
    if (note.is_object())
        for (const auto& [file, content] : note.items())
            if (content.is_string()) identities[file] = content;
    return identities;
}

void write_note(const fs::path& path, const std::vector<HubFile>& files) {
    nlohmann::ordered_json note = nlohmann::ordered_json::object();
    for (const HubFile& file : files) note[file.path] = identity(file);
    write_file(path, note.dump(1) + "\n");
}

}  // namespace

Gathering::Gathering(const fs::path& root)
    : folder_(root.parent_path() / fmt::format(".{}.partial", root.filename().string())) {}

void Gathering::begin(const std::vector<HubFile>& files) {
    wanted_ = files;
    const fs::path note = folder_ / "wanted.json";
    const std::map<std::string, std::string> before = read_note(note);
    std::set<fs::path> keep;
    for (const HubFile& file : files) {
        const auto known = before.find(file.path);
        if (known == before.end() || known->second != identity(file)) continue;
        const std::string part = unfinished(path(file.path)).string();
        keep.insert({path(file.path), part, part + ".etag"});
    }
    std::error_code failed;
    std::vector<fs::path> stale;
    for (const auto& entry : fs::recursive_directory_iterator(this->files(), failed))
        if (!entry.is_directory() && !keep.contains(entry.path())) stale.push_back(entry.path());
    for (const fs::path& file : stale) fs::remove(file);
    fs::create_directories(this->files(), failed);
    if (failed)
        throw Error(ErrorCode::io,
                    fmt::format("cannot create the folder {}: {}", this->files().string(), failed.message()));
    write_note(note, files);
}

void Gathering::adopt(const fs::path& root, const std::string& file) {
    if (fs::exists(path(file))) return;
    fs::create_directories(path(file).parent_path());
    std::error_code failed;
    fs::create_hard_link(root / file, path(file), failed);
    if (failed) fs::copy_file(root / file, path(file));
}

std::uint64_t Gathering::bytes(const std::string& file) const {
    std::error_code failed;
    const std::uint64_t whole = fs::file_size(path(file), failed);
    if (!failed) return whole;
    const std::uint64_t part = fs::file_size(unfinished(path(file)), failed);
    return failed ? 0 : part;
}

std::uint64_t Gathering::bytes() const {
    std::uint64_t sum = 0;
    for (const HubFile& file : wanted_) sum += bytes(file.path);
    return sum;
}

bool Gathering::complete() const {
    return std::all_of(wanted_.begin(), wanted_.end(),
                       [&](const HubFile& file) { return fs::exists(path(file.path)); });
}

void Gathering::remove() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

}  // namespace stillreel::weights
