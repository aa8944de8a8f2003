#include "server/router.h"

#include <fmt/core.h>

#include <algorithm>

#include "server/http_text.h"

namespace stillreel::server {
namespace {

std::vector<std::string_view> steps_of(std::string_view path) {
    std::vector<std::string_view> steps;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const auto slash = path.find('/');
        steps.push_back(path.substr(0, slash));
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash);
    }
    return steps;
}

/// The path's steps, decoded. A step that would mean another path once it is decoded is refused.
std::vector<std::string> decoded_steps(const std::string& path) {
    if (path.empty() || path.front() != '/')
        throw Refusal(400, ErrorCode::invalid_argument, "the address must begin with a slash");
    std::vector<std::string> steps;
    for (const std::string_view step : steps_of(path)) {
        steps.push_back(percent_decoded(step));
        if (steps.back().find_first_of("/\\") != std::string::npos || steps.back() == "..")
            throw Refusal(400, ErrorCode::invalid_argument,
                          "the address holds a step that leaves its folder");
    }
    return steps;
}

bool is_parameter(std::string_view step) { return step.size() > 2 && step.front() == '{'; }

bool meets(const Route& route, const std::vector<std::string>& steps,
           std::map<std::string, std::string>& parameters) {
    const auto wanted = steps_of(route.pattern);
    if (wanted.size() != steps.size()) return false;
    parameters.clear();
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (is_parameter(wanted[i])) {
            if (steps[i].empty()) return false;
            parameters[std::string(wanted[i].substr(1, wanted[i].size() - 2))] = steps[i];
        } else if (wanted[i] != steps[i]) {
            return false;
        }
    }
    return true;
}

}  // namespace

Handler at_once(std::function<Response(const Request&)> answer) {
    return
        [answer = std::move(answer)](const Request& request, const Reply& reply) { reply(answer(request)); };
}

const Route& Router::find(Request& request) const {
    const std::vector<std::string> steps = decoded_steps(request.path);
    const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
    std::string allowed;
    std::map<std::string, std::string> parameters;
    for (const Route& route : routes_) {
        if (!meets(route, steps, parameters)) continue;
        if (route.method == method) {
            request.parameters = std::move(parameters);
            request.route = route.pattern;
            return route;
        }
        if (allowed.find(route.method) == std::string::npos)
            allowed += (allowed.empty() ? "" : ", ") + route.method;
    }
    if (!allowed.empty())
        throw Refusal(405, ErrorCode::invalid_argument,
                      fmt::format("this address takes {}, not {}", allowed, request.method.substr(0, 20)),
                      {{"Allow", allowed}});
    throw Refusal(404, ErrorCode::not_found, "there is nothing at this address: see /openapi.json");
}

}  // namespace stillreel::server
