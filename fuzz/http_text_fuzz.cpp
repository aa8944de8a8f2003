// Any bytes as a query, a range, a cookie, a form, a webhook and an address: fields that lie inside of what
// was sent, or an Error.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/network_address.h"
#include "server/http_text.h"
#include "server/router.h"
#include "server/webhook_message.h"

namespace {

template <class Work>
void allowed_to_refuse(const Work& work) {
    try {
        work();
    } catch (const stillreel::Error&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace stillreel::server;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    allowed_to_refuse([&] { parse_query(text); });
    allowed_to_refuse([&] {
        const auto range = parse_range(text, 1000);
        STILLREEL_CHECK(!range || (range->bytes > 0 && range->first + range->bytes <= 1000));
    });
    allowed_to_refuse([&] {
        for (const FormPart& part : parse_form("multipart/form-data; boundary=x", text))
            STILLREEL_CHECK(part.content.data() >= text.data() &&
                            part.content.data() + part.content.size() <= text.data() + text.size());
    });
    allowed_to_refuse([&] {
        const std::string url(text);
        check_webhook_url(url, stillreel::Reach::public_only);
        const std::string host = stillreel::origin_of(url).host;
        STILLREEL_CHECK(stillreel::is_public_address(host).value_or(true) && host != "localhost");
    });
    allowed_to_refuse([&] { parse_form(text, "--x\r\n\r\n--x--"); });
    allowed_to_refuse([&] {
        Router router;
        router.add({"GET", "/a/{id}", Audience::anyone, {}});
        Request request;
        request.method = "GET";
        request.path = text;
        request.headers = {{"cookie", std::string(text)}};
        cookie(request, "session");
        router.find(request);
        STILLREEL_CHECK(request.parameters.at("id").find_first_of("/\\") == std::string::npos);
    });
    return 0;
}
