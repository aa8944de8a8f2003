#include "server/http_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace stillreel::server {
namespace {

[[noreturn]] void bad_form(const std::string& what) {
    throw Refusal(400, ErrorCode::invalid_argument, "the form data is damaged: " + what);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string lowered(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Cuts `text` at the first `mark`, and steps over it.
std::string_view take_until(std::string_view& text, std::string_view mark) {
    const auto at = text.find(mark);
    const std::string_view head = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + mark.size());
    return head;
}

/// The value of `name` in "form-data; name=\"file\"; filename=\"a;b.jpg\"".
std::string parameter(std::string_view header, std::string_view name) {
    take_until(header, ";");
    while (!header.empty()) {
        const std::string key = lowered(trimmed(take_until(header, "=")));
        std::string value;
        header = trimmed(header);
        if (!header.empty() && header.front() == '"') {
            std::size_t i = 1;
            for (; i < header.size() && header[i] != '"'; ++i) {
                const bool escape = header[i] == '\\' && i + 1 < header.size() &&
                                    (header[i + 1] == '"' || header[i + 1] == '\\');
                if (escape) ++i;
                value += header[i];
            }
            header.remove_prefix(std::min(header.size(), i + 1));
            take_until(header, ";");
        } else {
            value = trimmed(take_until(header, ";"));
        }
        if (key == name) return value;
    }
    return {};
}

bool parse_number(std::string_view text, std::uint64_t& out) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
    return !text.empty() && result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

/// A part: its headers, an empty line, its content.
FormPart parse_part(std::string_view text) {
    FormPart part;
    for (;;) {
        if (text.find("\r\n") == std::string_view::npos) bad_form("a part has no end of its headers");
        std::string_view line = take_until(text, "\r\n");
        if (line.empty()) break;
        const std::string key = lowered(trimmed(take_until(line, ":")));
        if (key == "content-disposition") {
            part.name = parameter(line, "name");
            part.filename = parameter(line, "filename");
        } else if (key == "content-type") {
            part.content_type = trimmed(line);
        }
    }
    if (part.name.empty()) bad_form("a part has no name");
    part.content = text;
    return part;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                throw Refusal(400, ErrorCode::invalid_argument, "the address holds a damaged %-escape");
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0') throw Refusal(400, ErrorCode::invalid_argument, "the address holds a zero byte");
        out += c;
    }
    return out;
}

std::map<std::string, std::string> parse_query(std::string_view query) {
    std::map<std::string, std::string> fields;
    while (!query.empty()) {
        std::string pair(take_until(query, "&"));
        if (pair.empty()) continue;
        std::replace(pair.begin(), pair.end(), '+', ' ');
        std::string_view rest = pair;
        const std::string name = percent_decoded(take_until(rest, "="));
        fields[name] = percent_decoded(rest);
    }
    return fields;
}

std::string_view cookie(const Request& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key != "cookie") continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            std::string_view pair = take_until(rest, ";");
            const std::string_view found = trimmed(take_until(pair, "="));
            if (found == name) return trimmed(pair);
        }
    }
    return {};
}

std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t total) {
    if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos) return std::nullopt;
    header.remove_prefix(6);
    const auto dash = header.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const std::string_view from = trimmed(header.substr(0, dash)), to = trimmed(header.substr(dash + 1));
    const auto beyond = [&] {
        return Refusal(416, ErrorCode::invalid_argument,
                       fmt::format("the range lies behind the end of {} bytes", total),
                       {{"Content-Range", fmt::format("bytes */{}", total)}});
    };
    std::uint64_t first = 0, last = 0;
    if (from.empty()) {
        if (!parse_number(to, last)) return std::nullopt;
        if (last == 0 || total == 0) throw beyond();
        const std::uint64_t bytes = std::min(last, total);
        return ByteRange{total - bytes, bytes};
    }
    if (!parse_number(from, first)) return std::nullopt;
    last = total == 0 ? 0 : total - 1;
    if (!to.empty()) {
        std::uint64_t end = 0;
        if (!parse_number(to, end) || end < first) return std::nullopt;
        last = std::min(last, end);
    }
    if (first >= total) throw beyond();
    return ByteRange{first, last - first + 1};
}

std::vector<FormPart> parse_form(std::string_view content_type, std::string_view body) {
    if (media_type(content_type) != "multipart/form-data")
        throw Refusal(415, ErrorCode::unsupported,
                      "send the file as multipart/form-data, in the field `file`");
    const std::string boundary = parameter(content_type, "boundary");
    if (boundary.empty() || boundary.size() > 70) bad_form("it has no boundary");
    const std::string first = "--" + boundary, next = "\r\n--" + boundary;
    const auto begin = body.find(first);
    if (begin == std::string_view::npos) bad_form("the boundary is not there");
    body.remove_prefix(begin + first.size());
    std::vector<FormPart> parts;
    while (!body.starts_with("--")) {
        if (!body.starts_with("\r\n")) bad_form("a boundary does not end its line");
        body.remove_prefix(2);
        const auto end = body.find(next);
        if (end == std::string_view::npos) bad_form("the last part has no end");
        if (parts.size() == kMaxFormParts) bad_form(fmt::format("more than {} parts", kMaxFormParts));
        parts.push_back(parse_part(body.substr(0, end)));
        body.remove_prefix(end + next.size());
    }
    return parts;
}

bool matches_etag(std::string_view header, std::string_view etag) {
    while (!header.empty()) {
        std::string_view candidate = trimmed(take_until(header, ","));
        if (candidate.starts_with("W/")) candidate.remove_prefix(2);
        if (candidate == "*" || candidate == etag) return true;
    }
    return false;
}

std::string media_type(std::string_view content_type) {
    return lowered(trimmed(content_type.substr(0, content_type.find(';'))));
}

}  // namespace stillreel::server
