#include "app/config.h"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace stillreel::app {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;

[[noreturn]] void refuse(const fs::path& path, std::size_t line, const std::string& what) {
    throw Error(ErrorCode::invalid_argument, fmt::format("{}:{}: {}", path.string(), line, what));
}

nlohmann::json to_json(const fs::path& path, const toml::key& key, const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* whole = node.as_integer()) return whole->get();
    if (const auto* number = node.as_floating_point()) return number->get();
    if (const auto* truth = node.as_boolean()) return truth->get();
    refuse(path, key.source().begin.line,
           fmt::format("{} must be a text, a number or true or false", key.str()));
}

void take(Config& config, const toml::key& key, const toml::node& node) {
    const std::string name(key.str());
    const auto line = key.source().begin.line;
    if (name == "threads") {
        const auto* whole = node.as_integer();
        if (!whole || whole->get() < 1 || whole->get() > 256)
            refuse(config.path, line, "threads must be a whole number from 1 to 256");
        config.threads = static_cast<int>(whole->get());
        return;
    }
    if (name == "outputs") {
        if (!node.as_string()) refuse(config.path, line, "outputs must be the name of a folder");
        config.outputs = node.as_string()->get();
        return;
    }
    for (const auto& [key_name, value] :
         {std::pair{"keep_partial", &config.keep_partial}, std::pair{"resume", &config.resume},
          std::pair{"packed_cache", &config.packed_cache}}) {
        if (name != key_name) continue;
        if (!node.as_boolean()) refuse(config.path, line, name + " must be true or false");
        *value = node.as_boolean()->get();
        return;
    }
    if (name == "picture" || !studio::is_field(name))
        refuse(config.path, line,
               fmt::format("\"{}\" is not a default that can be set; see docs/cli.md for the list", name));
    try {
        studio::merge(config.spec, nlohmann::json{{name, to_json(config.path, key, node)}}.dump());
    } catch (const Error& error) {
        refuse(config.path, line, error.what());
    }
}

}  // namespace

fs::path config_path() {
    if (const char* named = std::getenv("STILLREEL_CONFIG"); named && *named) return named;
    if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg && *xdg)
        return fs::path(xdg) / "stillreel/config.toml";
    const char* user = std::getenv("HOME");
    return fs::path(user && *user ? user : ".") / ".config/stillreel/config.toml";
}

Config load_config() {
    Config config;
    config.path = config_path();
    const char* named = std::getenv("STILLREEL_CONFIG");
    std::error_code failed;
    if (!(named && *named) && !fs::exists(config.path, failed)) return config;
    const std::string text = read_text_file(config.path, kMaxConfigBytes);
    config.found = true;
    toml::table table;
    try {
        table = toml::parse(text);
    } catch (const toml::parse_error& error) {
        refuse(config.path, error.source().begin.line, std::string(error.description()));
    }
    // preset clears size and length, so it goes first, wherever it stands in the file.
    if (table.contains("preset"))
        for (const auto& [key, node] : table)
            if (key.str() == "preset") take(config, key, node);
    for (const auto& [key, node] : table)
        if (key.str() != "preset") take(config, key, node);
    return config;
}

}  // namespace stillreel::app
