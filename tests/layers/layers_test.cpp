// The plan of the house, enforced: which room may include which, who alone may include a library, no
// third-party header in a header of ours, no file longer than 800 lines. docs/architecture.md says why.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"base", {}},
    {"image", {"base"}},
    {"media", {"base", "image"}},
    {"prompt", {"base"}},
    {"animatic", {"base", "image", "prompt"}},
    {"tensor", {"base"}},
    {"weights", {"base", "tensor"}},
    {"nn", {"base", "tensor", "weights"}},
    {"models", {"base", "tensor", "weights", "nn"}},
    {"diffusion", {"base", "image", "tensor", "weights", "nn", "models"}},
    {"studio",
     {"base", "image", "media", "prompt", "animatic", "tensor", "weights", "nn", "models", "diffusion",
      "jobs"}},
    {"jobs", {"base"}},
    {"server", {"base", "studio", "jobs"}},
    {"app",
     {"base", "image", "media", "prompt", "animatic", "tensor", "weights", "nn", "models", "diffusion",
      "studio", "jobs", "server"}},
};

/// Header path prefix -> the only rooms that include it. What is not listed (fmt, nlohmann) any .cpp may use.
const std::vector<std::pair<std::string, std::set<std::string>>> kOwners = {
    {"spdlog/", {"base"}},
    {"openssl/", {"base"}},
    {"thread", {"base"}},
    {"jpeglib.h", {"image"}},
    {"png.h", {"image"}},
    {"webp/", {"image"}},
    {"lcms2.h", {"image"}},
    {"libav", {"media"}},
    {"libsw", {"media"}},
    {"opencv2/", {"animatic"}},
    {"hwy/", {"animatic", "tensor"}},
    {"CLI/", {"app"}},
    {"toml++/", {"app"}},
    {"utf8proc.h", {"models"}},
    {"dnnl.hpp", {"tensor"}},
    {"oneapi/", {"tensor"}},
    {"curl/", {"base"}},
    {"sqlite3.h", {"jobs"}},
    {"restinio/", {"server"}},
    {"asio", {"server"}},
};

const std::vector<std::string> kThirdParty = {
    "spdlog/",    "fmt/",     "openssl/", "jpeglib.h", "png.h",     "webp/",     "lcms2.h",
    "libav",      "libsw",    "opencv2/", "hwy/",      "CLI/",      "toml++/",   "nlohmann/",
    "utf8proc.h", "dnnl.hpp", "oneapi/",  "curl/",     "sqlite3.h", "restinio/", "asio"};

struct Include {
    fs::path file;
    std::string room;
    std::string path;
    bool quoted;
};

bool is_source(const fs::path& path) {
    return path.extension() == ".h" || path.extension() == ".cpp" || path.extension() == ".inc";
}

std::vector<fs::path> sources_under(const fs::path& root) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(root))
        if (entry.is_regular_file() && is_source(entry.path())) files.push_back(entry.path());
    return files;
}

std::vector<Include> includes_of_rooms() {
    static const std::regex line_form(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
    const fs::path root = fs::path(STILLREEL_SOURCE_DIR) / "src";
    std::vector<Include> found;
    for (const fs::path& file : sources_under(root)) {
        std::ifstream in(file);
        const std::string room = fs::relative(file, root).begin()->string();
        for (std::string line; std::getline(in, line);) {
            std::smatch match;
            if (std::regex_search(line, match, line_form))
                found.push_back({file, room, match[2], match[1] == "\""});
        }
    }
    return found;
}

TEST(Layers, RoomsIncludeOnlyWhatTheyMay) {
    const auto includes = includes_of_rooms();
    ASSERT_GT(includes.size(), 100u);
    for (const Include& include : includes) {
        ASSERT_TRUE(kMayInclude.contains(include.room)) << "unknown room " << include.room;
        if (!include.quoted) continue;
        const std::string target = include.path.substr(0, include.path.find('/'));
        const bool allowed = target == include.room || kMayInclude.at(include.room).contains(target);
        EXPECT_TRUE(allowed) << include.file << " includes " << include.path;
    }
}

TEST(Layers, LibrariesHaveOneOwner) {
    for (const Include& include : includes_of_rooms())
        for (const auto& [prefix, owners] : kOwners) {
            const bool exact = prefix.find_first_of("/.") == std::string::npos && !prefix.starts_with("lib");
            const bool matches = exact ? include.path == prefix : include.path.starts_with(prefix);
            if (!include.quoted && matches) {
                EXPECT_TRUE(owners.contains(include.room)) << include.file << " includes " << include.path;
            }
        }
}

TEST(Layers, HeadersShowNoThirdParty) {
    for (const Include& include : includes_of_rooms()) {
        if (include.file.extension() != ".h") continue;
        for (const std::string& prefix : kThirdParty)
            EXPECT_FALSE(include.path.starts_with(prefix)) << include.file << " includes " << include.path;
    }
}

TEST(Layers, FilesFitASitting) {
    for (const char* folder : {"src", "tests", "bench", "fuzz", "tools"}) {
        const fs::path root = fs::path(STILLREEL_SOURCE_DIR) / folder;
        if (!fs::exists(root)) continue;
        for (const fs::path& file : sources_under(root)) {
            std::ifstream in(file);
            int lines = 0;
            for (std::string line; std::getline(in, line);) ++lines;
            EXPECT_LE(lines, 800) << file;
        }
    }
}

}  // namespace
