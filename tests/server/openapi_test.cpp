// The document and the routes are one thing: every route is described, every description has a route, and
// replies have the fields that the document promises.
#include <algorithm>
#include <set>

#include "service_fixture.h"
#include "support/web_receiver.h"

namespace stillreel::testing {
namespace {

using nlohmann::json;

class OpenApiTest : public ServiceTest {
  protected:
    json document() const { return get("/openapi.json").json(); }

    static json resolved(const json& document, json schema) {
        while (schema.contains("$ref"))
            schema = document.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1)));
        return schema;
    }

    static bool is_of(const json& value, const std::string& type) {
        if (type == "object") return value.is_object();
        if (type == "array") return value.is_array();
        if (type == "string") return value.is_string();
        if (type == "boolean") return value.is_boolean();
        if (type == "integer") return value.is_number_integer();
        if (type == "number") return value.is_number();
        return type == "null" && value.is_null();
    }

    /// Types, required fields, choices, and that objects with named fields hold no others.
    static void check(const json& document, const json& found, const json& value, const std::string& where) {
        const json schema = resolved(document, found);
        if (schema.contains("type")) {
            const json types = schema["type"].is_array() ? schema["type"] : json::array({schema["type"]});
            EXPECT_TRUE(
                std::any_of(types.begin(), types.end(), [&](const json& type) { return is_of(value, type); }))
                << where << " is " << value.dump().substr(0, 80);
        }
        if (schema.contains("enum")) {
            EXPECT_NE(std::find(schema["enum"].begin(), schema["enum"].end(), value), schema["enum"].end())
                << where;
        }
        if (value.is_object()) {
            for (const json& name : schema.value("required", json::array()))
                EXPECT_TRUE(value.contains(name.get<std::string>())) << where << " lacks " << name;
            const json properties = schema.value("properties", json::object());
            for (const auto& [name, field] : value.items()) {
                if (properties.contains(name))
                    check(document, properties[name], field, where + "." + name);
                else if (!properties.empty())
                    ADD_FAILURE() << where << " has an undescribed field " << name;
            }
        }
        if (value.is_array() && schema.contains("items"))
            for (const json& item : value) check(document, schema["items"], item, where + "[]");
    }

    /// The reply to a request against what the document says of it.
    void expect_described(const std::string& method, const std::string& pattern, const Answer& answer) const {
        const json all = document();
        std::string lower = method;
        std::transform(lower.begin(), lower.end(), lower.begin(), ::tolower);
        const json& operation = all.at("paths").at(pattern).at(lower);
        const std::string status = std::to_string(answer.status);
        ASSERT_TRUE(operation.at("responses").contains(status)) << method << " " << pattern << " " << status;
        const json response = resolved(all, operation.at("responses").at(status));
        if (!response.contains("content")) return;
        const std::string full = answer.header("content-type");
        const std::string type = full.substr(0, full.find(';'));
        ASSERT_TRUE(response.at("content").contains(type)) << pattern << " " << type;
        if (type.find("json") != std::string::npos)
            check(all, response.at("content").at(type).at("schema"), answer.json(), pattern);
    }
};

TEST_F(OpenApiTest, DescribesEveryRouteAndNoOther) {
    start();
    std::set<std::string> routes, described;
    for (const auto& [method, pattern] : service_->interface_routes()) routes.insert(method + " " + pattern);
    const json all = document();
    for (const auto& [pattern, operations] : all.at("paths").items())
        for (const auto& [method, operation] : operations.items()) {
            if (method == "parameters") continue;
            std::string upper = method;
            std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
            described.insert(upper + " " + pattern);
        }
    EXPECT_EQ(routes, described);
    EXPECT_EQ(all.at("openapi"), "3.1.0");
}

TEST_F(OpenApiTest, RepliesAreAsDescribed) {
    start();
    const std::string picture = asset();
    expect_described("POST", "/v1/assets", upload(png_bytes()));
    expect_described("GET", "/v1/assets", get("/v1/assets"));
    expect_described("GET", "/v1/assets/{id}", get("/v1/assets/" + picture));
    expect_described("POST", "/v1/clips", post("/v1/clips", clip_of(picture)));
    expect_described("POST", "/v1/clips", post("/v1/clips", clip_of(picture, R"(,"fps":0)")));
    expect_described("POST", "/v1/clips",
                     post("/v1/clips", clip_of(picture, R"(,"webhook":"https://hooks.invalid/")")));
    queued();
    const std::string id = finish_next("video");
    expect_described("GET", "/v1/clips", get("/v1/clips"));
    expect_described("GET", "/v1/clips/{id}", get("/v1/clips/" + id));
    expect_described("GET", "/v1/clips/{id}/progress_picture", get("/v1/clips/" + id + "/progress_picture"));
    expect_described("GET", "/v1/clips/{id}/log", get("/v1/clips/" + id + "/log"));
    expect_described("GET", "/v1/clips/{id}/content", get("/v1/clips/" + id + "/content"));
    for (const char* what : {"thumbnail", "strip"})
        expect_described("GET", std::string("/v1/clips/{id}/") + what, get("/v1/clips/" + id + "/" + what));
    expect_described("GET", "/v1/assets/{id}/thumbnail", get("/v1/assets/" + picture + "/thumbnail"));
    expect_described("POST", "/v1/previews", post("/v1/previews", clip_of(picture)));
    expect_described("POST", "/v1/clips/{id}/retry", post("/v1/clips/" + id + "/retry"));
    expect_described("POST", "/v1/clips/{id}/duplicate", post("/v1/clips/" + id + "/duplicate"));
    expect_described("POST", "/v1/batches", post("/v1/batches", R"({"clips":[)" + clip_of(picture) + "]}"));
    expect_described("POST", "/v1/plan", post("/v1/plan", R"({"prompt":"pan right"})"));
    expect_described("POST", "/v1/estimate", post("/v1/estimate", clip_of(picture)));
    for (const char* target : {"/v1/presets", "/v1/engines", "/v1/models", "/v1/queue", "/v1/session",
                               "/v1/system", "/healthz", "/readyz", "/metrics", "/openapi.json"})
        expect_described("GET", target, get(target));
    const Answer pull = post("/v1/models/pulls", R"({"model":"i2vgen-xl"})");
    expect_described("POST", "/v1/models/pulls", pull);
    expect_described("GET", "/v1/models/pulls", get("/v1/models/pulls"));
    expect_described("GET", "/v1/models/pulls/{id}", get(pull.header("location")));
    expect_described("POST", "/v1/models/pulls/{id}/cancel", post(pull.header("location") + "/cancel"));
    expect_described("POST", "/v1/models/pulls", post("/v1/models/pulls", "{}"));
    expect_described("GET", "/v1/videos/{id}", get("/v1/videos/" + id));
    expect_described("POST", "/v1/session", post("/v1/session", R"({"token":"x"})"));
}

TEST_F(OpenApiTest, WebhookMessagesAreAsDescribed) {
    webhooks_.reach = Reach::anywhere;
    webhooks_.poll = std::chrono::milliseconds(10);
    start();
    WebReceiver receiver;
    const Answer made = post("/v1/clips", clip_of(asset(), R"(,"webhook":")" + receiver.url() + "\""));
    expect_described("POST", "/v1/clips", made);
    finish_next("video");
    ASSERT_TRUE(receiver.wait_for(1));
    const ReceivedRequest request = receiver.requests()[0];
    const json all = document();
    const json& message = all.at("webhooks").at("clipEnded").at("post");
    const std::string type = request.headers.at("content-type");
    check(all, message.at("requestBody").at("content").at(type).at("schema"), json::parse(request.body),
          "body");
    for (const json& parameter : message.at("parameters"))
        EXPECT_TRUE(request.headers.contains(parameter.at("name").get<std::string>())) << parameter;
}

}  // namespace
}  // namespace stillreel::testing
