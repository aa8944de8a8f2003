#include "studio/job_sheet.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "studio/clip_spec.h"

namespace stillreel::studio {
namespace {

using Row = std::vector<std::string>;

[[noreturn]] void refuse(std::size_t line, const std::string& what) {
    throw Error(ErrorCode::invalid_argument, fmt::format("line {} of the job sheet: {}", line, what));
}

char separator_of(std::string_view csv) {
    const std::string_view first = csv.substr(0, csv.find('\n'));
    const auto at = first.find_first_of(",;\t");
    return at == std::string_view::npos ? ',' : first[at];
}

std::string trimmed(std::string text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && blank(text.back())) text.pop_back();
    text.erase(0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), blank) - text.begin()));
    return text;
}

/// Reads one row and steps over its end.
Row read_row(std::string_view& csv, char separator, std::size_t& line) {
    Row row(1);
    bool quoted = false;
    std::size_t i = 0;
    const std::size_t begun = line;
    for (; i < csv.size(); ++i) {
        const char c = csv[i];
        if (quoted) {
            if (c == '"' && i + 1 < csv.size() && csv[i + 1] == '"')
                row.back() += csv[i++];
            else if (c == '"')
                quoted = false;
            else
                row.back() += c;
            line += c == '\n';
        } else if (c == '"' && trimmed(row.back()).empty()) {
            row.back().clear();
            quoted = true;
        } else if (c == separator) {
            row.emplace_back();
        } else if (c == '\n') {
            break;
        } else {
            row.back() += c;
        }
    }
    if (quoted) refuse(begun, "a quotation mark is not closed");
    csv.remove_prefix(std::min(csv.size(), i + 1));
    ++line;
    for (std::string& cell : row) cell = trimmed(std::move(cell));
    return row;
}

/// Numbers and truths as such; a text field that happens to hold digits stays a text.
nlohmann::json value_of(const std::string& column, const std::string& cell) {
    static constexpr std::string_view numbers[] = {"width",
                                                   "height",
                                                   "frames",
                                                   "duration",
                                                   "steps",
                                                   "guidance",
                                                   "guidance_rescale",
                                                   "eta",
                                                   "seed",
                                                   "crf",
                                                   "clip_skip",
                                                   "low_memory",
                                                   "auto_fit",
                                                   "allow_flashing",
                                                   "cache_interval",
                                                   "cache_branch",
                                                   "guidance_start",
                                                   "guidance_end",
                                                   "guidance_interval",
                                                   "merge_tokens"};
    if (column == "camera" && cell.front() == '{') {
        auto path = nlohmann::json::parse(cell, nullptr, false);
        if (path.is_object()) return path;
    }
    if (std::find(std::begin(numbers), std::end(numbers), column) == std::end(numbers)) return cell;
    auto value = nlohmann::json::parse(cell, nullptr, false);
    return value.is_number() || value.is_boolean() ? value : nlohmann::json(cell);
}

}  // namespace

std::vector<std::string> parse_job_sheet(std::string_view csv) {
    if (csv.starts_with("\xEF\xBB\xBF")) csv.remove_prefix(3);
    const char separator = separator_of(csv);
    std::size_t line = 1;
    const Row columns = read_row(csv, separator, line);
    for (const std::string& column : columns)
        if (!is_field(column))
            refuse(1,
                   fmt::format("\"{}\" is not a field of a clip; the first line names the columns, such as "
                               "picture,prompt",
                               column.substr(0, 60)));
    std::vector<std::string> clips;
    while (!csv.empty()) {
        const std::size_t begun = line;
        const Row row = read_row(csv, separator, line);
        if (std::all_of(row.begin(), row.end(), [](const std::string& cell) { return cell.empty(); }))
            continue;
        if (row.size() > columns.size())
            refuse(begun, fmt::format("{} cells, but there are {} columns; a text that holds \"{}\" goes "
                                      "between quotation marks",
                                      row.size(), columns.size(), separator));
        if (clips.size() == kMaxSheetRows)
            refuse(begun, fmt::format("at most {} clips go into one sheet", kMaxSheetRows));
        std::vector<std::pair<std::string, std::string>> fields;
        for (std::size_t i = 0; i < row.size(); ++i) fields.emplace_back(columns[i], row[i]);
        clips.push_back(clip_of_texts(fields));
    }
    if (clips.empty()) throw Error(ErrorCode::invalid_argument, "the job sheet holds no clips");
    return clips;
}

std::string clip_of_texts(const std::vector<std::pair<std::string, std::string>>& fields) {
    nlohmann::json clip = nlohmann::json::object();
    for (const auto& [name, text] : fields)
        if (!text.empty()) clip[name] = value_of(name, text);
    return clip.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace stillreel::studio
