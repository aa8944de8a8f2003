// The texts inside of requests: addresses, ranges, cookies, forms. All of it comes from outside; whatever
// is wrong with it throws invalid_argument, or is taken as not said where HTTP wants that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http.h"

namespace stillreel::server {

/// %41 -> A. Throws invalid_argument for a damaged escape, and for a zero byte.
std::string percent_decoded(std::string_view text);

/// "a=1&b=x+y", decoded. The last one of a name counts. Throws invalid_argument.
std::map<std::string, std::string> parse_query(std::string_view query);

/// The value of a cookie, or empty.
std::string_view cookie(const Request& request, std::string_view name);

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t bytes = 0;
};

/// "bytes=0-499", "bytes=500-", "bytes=-500" of something of `total` bytes. None: no range, several, or one
/// that is not understood: the whole is sent (RFC 9110). Throws Refusal 416 when it lies behind the end.
std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t total);

/// One field of multipart/form-data.
struct FormPart {
    std::string name;
    std::string filename;  // as sent; never part of a path
    std::string content_type;
    std::string_view content;  // lies in the body
};

constexpr int kMaxFormParts = 256;

/// Throws Refusal 415 when the request's body is no multipart/form-data, 400 when it is damaged.
std::vector<FormPart> parse_form(std::string_view content_type, std::string_view body);

/// True when an If-None-Match header names `etag`.
bool matches_etag(std::string_view header, std::string_view etag);

/// "video/mp4; codecs=..." -> "video/mp4", lower case.
std::string media_type(std::string_view content_type);

}  // namespace stillreel::server
