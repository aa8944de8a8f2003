#include "studio/job_log.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace stillreel::studio {
namespace {

namespace fs = std::filesystem;

// File times come from a coarser clock than ours.
constexpr std::int64_t kClockSlack_ms = 1000;

struct LogFile {
    fs::path path;
    std::int64_t written_ms = 0;
    std::uint64_t bytes = 0;
};

/// Newest first.
std::vector<LogFile> log_files(const fs::path& folder, std::int64_t since_ms, std::size_t most) {
    std::vector<LogFile> files;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
        const std::string name = at->path().filename().string();
        std::error_code gone;
        if (!name.starts_with("stillreel_") || !name.ends_with(".log") || !at->is_regular_file(gone))
            continue;
        const std::int64_t written_ms = unix_ms(at->last_write_time(gone));
        const auto bytes = at->file_size(gone);
        if (!gone && written_ms + kClockSlack_ms >= since_ms)
            files.push_back({at->path(), written_ms, bytes});
    }
    std::sort(files.begin(), files.end(),
              [](const LogFile& a, const LogFile& b) { return a.written_ms > b.written_ms; });
    if (files.size() > most) files.resize(most);
    return files;
}

std::string end_of(const LogFile& file, std::uint64_t bytes) {
    std::ifstream in(file.path, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(file.bytes - bytes));
    std::string text(bytes, '\0');
    in.read(text.data(), static_cast<std::streamsize>(bytes));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
    return text;
}

void add_lines(std::string_view text, const std::string& beginning, std::vector<log::Line>& lines) {
    for (std::size_t at = text.find(beginning); at != std::string_view::npos; at = text.find(beginning, at)) {
        const std::size_t before = text.rfind('\n', at);
        const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (auto line = log::parse_line(text.substr(begin, end - begin));
            line && line->text.starts_with(beginning)) {
            line->text.erase(0, beginning.size());
            lines.push_back(std::move(*line));
        }
        at = end;
    }
}

}  // namespace

std::vector<log::Line> job_log(const fs::path& folder, std::string_view job, std::int64_t since_ms,
                               const LogLimits& limits) {
    const std::string beginning = fmt::format("job {}: ", job);
    std::vector<log::Line> lines;
    std::uint64_t left = limits.bytes;
    for (const LogFile& file : log_files(folder, since_ms, limits.files)) {
        const std::uint64_t bytes = std::min(left, file.bytes);
        add_lines(end_of(file, bytes), beginning, lines);
        left -= bytes;
        if (left == 0) break;
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const log::Line& a, const log::Line& b) { return a.at < b.at; });
    if (lines.size() > limits.lines)
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limits.lines));
    return lines;
}

std::string log_json(const std::vector<log::Line>& lines) {
    auto list = nlohmann::ordered_json::array();
    for (const log::Line& line : lines)
        list.push_back({{"at", line.at}, {"level", log::name_of(line.level)}, {"text", line.text}});
    return list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace stillreel::studio
