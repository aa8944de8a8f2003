#include "server/page.h"

#include <algorithm>

#include "base/file.h"
#include "server/http_text.h"

namespace stillreel::server {
namespace {

std::string_view type_of(std::string_view path) {
    static constexpr std::pair<std::string_view, std::string_view> types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
    };
    for (const auto& [ending, type] : types)
        if (path.ends_with(ending)) return type;
    return "application/octet-stream";
}

constexpr std::string_view kNoPage =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>stillreel</title>"
    "<p>This stillreel was built without its page (web/dist). The interface for programs is described at "
    "<a href=\"/openapi.json\">/openapi.json</a>.</p></html>\n";

/// Answers with bytes that live as long as the program.
Handler fixed(std::string_view bytes, std::string_view type, std::string caching) {
    const std::string etag = "\"" + sha256_hex(bytes).substr(0, 32) + "\"";
    return at_once([=](const Request& request) {
        Response response;
        response.headers = {{"ETag", etag}, {"Cache-Control", caching}};
        if (matches_etag(request.header("if-none-match"), etag)) {
            response.status = 304;
            return response;
        }
        response.headers.emplace_back("Content-Type", std::string(type));
        response.body = bytes;
        return response;
    });
}

}  // namespace

void add_page(Router& router) {
    std::string_view index = kNoPage;
    for (const PageFile& file : page_files()) {
        // Vite puts a digest of their content into the names of these.
        const bool named_by_content = file.path.starts_with("assets/");
        router.add({"GET", "/" + std::string(file.path), Audience::anyone,
                    fixed(file.bytes, type_of(file.path),
                          named_by_content ? "public, max-age=31536000, immutable" : "no-cache")});
        if (file.path == "index.html") index = file.bytes;
    }
    router.add({"GET", "/", Audience::anyone, fixed(index, type_of("index.html"), "no-cache")});
}

}  // namespace stillreel::server
