#include "weights/hub_endpoint.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "base/http.h"

namespace stillreel::weights {
namespace {

/// What users may call a published model.
const std::map<std::string, std::string> kShortNames = {{"i2vgen-xl", "ali-vilab/i2vgen-xl"}};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// As the Hub's tools read switches.
bool is_on(std::string value) {
    for (char& c : value) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

bool is_safe(const std::string& url) {
    try {
        const Origin origin = origin_of(url);
        return origin.scheme == "https" || (origin.scheme == "http" && is_loopback(origin));
    } catch (const Error&) {
        return false;  // no URL at all
    }
}

bool is_plain_name(const std::string& text) {
    const auto plain = [](unsigned char c) {
        return c < 0x80 && (std::isalnum(c) || c == '-' || c == '_' || c == '.');
    };
    return !text.empty() && text.front() != '.' && text.size() <= 96 &&
           std::all_of(text.begin(), text.end(), plain);
}

}  // namespace

HubEndpoint hub_endpoint() {
    HubEndpoint endpoint;
    if (std::string url = variable("HF_ENDPOINT"); !url.empty()) {
        while (url.ends_with('/')) url.pop_back();
        if (!is_safe(url))
            throw Error(
                ErrorCode::invalid_argument,
                fmt::format(
                    "HF_ENDPOINT is \"{}\": only https://HOST is used (http:// for this machine alone)",
                    url));
        endpoint.url = url;
    }
    endpoint.token = variable("HF_TOKEN");
    if (std::any_of(endpoint.token.begin(), endpoint.token.end(),
                    [](unsigned char c) { return c <= 0x20 || c >= 0x7f; }))
        throw Error(ErrorCode::invalid_argument,
                    "HF_TOKEN holds blanks or other characters that no token has");
    if (is_on(variable("HF_HUB_OFFLINE"))) endpoint.network = Network::forbidden;
    return endpoint;
}

std::string repository_of(const std::string& model) {
    if (const auto known = kShortNames.find(model); known != kShortNames.end()) return known->second;
    const auto slash = model.find('/');
    if (slash == std::string::npos || !is_plain_name(model.substr(0, slash)) ||
        !is_plain_name(model.substr(slash + 1)))
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("\"{}\" is no model on the Hub: expected OWNER/NAME, such as ali-vilab/i2vgen-xl",
                        model));
    return model;
}

std::string name_of_repository(const std::string& repository) {
    return repository.substr(repository.find('/') + 1);
}

}  // namespace stillreel::weights
