// Which handler answers which address.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/http.h"

namespace stillreel::server {

/// Who may call a route when the server has a token.
enum class Audience { anyone, insiders };

struct Route {
    std::string method;
    std::string pattern;  // "/v1/clips/{id}"; "/{path}" at the end of a table takes whatever is left
    Audience audience = Audience::insiders;
    Handler handler;
};

/// A handler that answers before it returns.
Handler at_once(std::function<Response(const Request&)> answer);

class Router {
  public:
    void add(Route route) { routes_.push_back(std::move(route)); }
    const std::vector<Route>& routes() const { return routes_; }

    /// Fills in request.parameters and request.route. HEAD finds the route of GET. Throws Refusal: 404, or
    /// 405 with Allow; 400 for a path that holds an encoded slash, a backslash or a damaged escape.
    const Route& find(Request& request) const;

  private:
    std::vector<Route> routes_;
};

}  // namespace stillreel::server
