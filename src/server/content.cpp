#include "server/content.h"

#include <fmt/core.h>

#include "server/http_text.h"

namespace stillreel::server {
namespace {

std::string type_of(const std::string& name) {
    static constexpr std::pair<std::string_view, const char*> types[] = {
        {".mp4", "video/mp4"}, {".mov", "video/quicktime"}, {".webp", "image/webp"},
        {".gif", "image/gif"}, {".png", "image/png"},       {".jpg", "image/jpeg"},
    };
    for (const auto& [ending, type] : types)
        if (name.ends_with(ending)) return type;
    return "application/octet-stream";
}

/// `name` is what the file is shown as.
Response content_of(const Request& request, const std::shared_ptr<OpenFile>& file, const std::string& name,
                    const std::string& media_type) {
    const std::string etag = fmt::format("\"{:x}-{:x}\"", file->bytes(), file->modified_ns());
    Response response;
    response.headers = {{"ETag", etag}, {"Cache-Control", "private, no-cache"}, {"Accept-Ranges", "bytes"}};
    if (matches_etag(request.header("if-none-match"), etag)) {
        response.status = 304;
        return response;
    }
    const std::string shown = name.substr(name.rfind('/') + 1);
    const auto query = parse_query(request.query);
    const bool download = query.contains("download") && query.at("download") == "1";
    response.headers.emplace_back("Content-Type", media_type);
    response.headers.emplace_back(
        "Content-Disposition", fmt::format("{}; filename=\"{}\"", download ? "attachment" : "inline", shown));
    std::optional<ByteRange> range;
    // A range of another version of the file must not be mixed with this one.
    const std::string_view condition = request.header("if-range");
    if (condition.empty() || condition == etag) range = parse_range(request.header("range"), file->bytes());
    if (range) {
        response.status = 206;
        response.headers.emplace_back(
            "Content-Range",
            fmt::format("bytes {}-{}/{}", range->first, range->first + range->bytes - 1, file->bytes()));
    }
    response.file = FileSlice{file, range ? range->first : 0, range ? range->bytes : file->bytes()};
    return response;
}

}  // namespace

Response file_content(const Request& request, const std::filesystem::path& folder, const std::string& name,
                      const std::string& media_type) {
    return content_of(request, open_inside(folder, name), name, media_type);
}

std::shared_ptr<OpenFile> open_clip(const jobs::Job& job, const studio::ServiceFolders& folders) {
    if (job.state != jobs::State::completed || job.output.empty())
        throw Error(ErrorCode::busy, fmt::format("the clip {} is {}: it has no content yet", job.id,
                                                 jobs::name_of(job.state)));
    try {
        return open_inside(folders.outputs(), job.output);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found) throw;
        throw Error(ErrorCode::not_found,
                    fmt::format("the file {} of clip {} is gone: retry the clip", job.output, job.id));
    }
}

Response clip_content(const Request& request, const jobs::Job& job, const studio::ServiceFolders& folders) {
    return content_of(request, open_clip(job, folders), job.output, type_of(job.output));
}

}  // namespace stillreel::server
