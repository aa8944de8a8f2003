#include "server/site.h"

#include "base/clock.h"

namespace stillreel::server {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'";

bool has_header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
        if (key == name) return true;
    return false;
}

void add_careful_headers(Response& response) {
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
    response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    if (!has_header(response, "Cache-Control")) response.headers.emplace_back("Cache-Control", "no-store");
}

}  // namespace

Handler site(const Router& router, Access& access, HttpMetrics& metrics) {
    return [&router, &access, &metrics](const Request& received, const Reply& send) {
        Request request = received;
        auto route = std::make_shared<std::string>("none");
        const Reply reply = [send, route, method = request.method, &metrics,
                             watch = Stopwatch()](Response response) {
            metrics.count(method, *route, response.status, watch.seconds());
            add_careful_headers(response);
            send(std::move(response));
        };
        answering(reply, [&] {
            access.check_origin(request);
            const Route* found = nullptr;
            try {
                found = &router.find(request);
            } catch (const Refusal&) {
                // To outsiders every address looks the same, whether it is there or not.
                access.demand_insider(request);
                throw;
            }
            *route = request.route;
            if (found->audience == Audience::insiders) access.demand_insider(request);
            found->handler(request, reply);
        });
    };
}

}  // namespace stillreel::server
