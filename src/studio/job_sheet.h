// Job sheets: a table of clips as CSV, one a line, its columns fields of the ClipSpec.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stillreel::studio {

constexpr std::size_t kMaxSheetRows = 1000;

/// RFC 4180, with "," ";" or tab between the columns (whichever the first line holds first), UTF-8 with or
/// without a byte order mark. The first line names the columns. Each further line becomes a JSON object as
/// parse_clip_spec() takes it; empty cells are left out and empty lines skipped. Throws invalid_argument
/// naming line and column.
std::vector<std::string> parse_job_sheet(std::string_view csv);

/// The same for one clip, from a form: fields as typed, by name.
std::string clip_of_texts(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace stillreel::studio
