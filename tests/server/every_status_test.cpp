// Every status that the document promises of a route is one that the route was seen to answer: what is
// written down and never happens is a promise that nobody keeps.
#include <sys/resource.h>

#include <memory>
#include <set>
#include <thread>

#include "service_fixture.h"
#include "studio/progress_picture.h"

namespace stillreel::testing {
namespace {

using nlohmann::json;

constexpr const char* kNobody = "00000000000000000000";
const std::string kToken = "the token of this test";

/// Needs more memory than any machine has.
class GreedyEngine final : public studio::Engine {
  public:
    std::string name() const override { return "greedy"; }
    std::string purpose() const override { return "for tests"; }
    std::string unavailable() const override { return ""; }
    studio::ResolvedClip resolve(const studio::ClipSpec&, image::Size, studio::EvenSize) const override {
        throw Error(ErrorCode::out_of_memory, "this clip needs all the memory there is");
    }
    std::unique_ptr<studio::Generator> open(const studio::ClipSpec&, const studio::ResolvedClip&,
                                            studio::ClipInputs) const override {
        return nullptr;
    }
};

/// How every task of a quick lane may end.
jobs::Work failing_with(ErrorCode code) {
    jobs::Work work;
    work.execute = [code](const auto&, const auto&, const auto&) -> std::string {
        throw Error(code, "this is how the test wants it");
    };
    return work;
}

class EveryStatusTest : public ServiceTest {
  protected:
    /// The operations that promise this status, as method and pattern.
    std::vector<std::pair<std::string, std::string>> promising(const std::string& status) {
        const json document = get("/openapi.json").json();
        std::vector<std::pair<std::string, std::string>> found;
        for (const auto& [pattern, operations] : document.at("paths").items())
            for (const auto& [method, operation] : operations.items()) {
                if (method == "parameters") continue;
                std::string upper = method;
                std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
                for (const auto& [one, response] : operation.at("responses").items()) {
                    promised_.insert(upper + " " + pattern + " " + one);
                    if (one == status) found.emplace_back(upper, pattern);
                }
            }
        return found;
    }
    static std::string with_id(std::string pattern, const std::string& id) {
        if (const auto at = pattern.find("{id}"); at != std::string::npos) pattern.replace(at, 4, id);
        if (const auto at = pattern.find("{n}"); at != std::string::npos) pattern.replace(at, 3, "0");
        return pattern;
    }

    void see(const std::string& method, const std::string& pattern, int status, const Answer& answer) {
        EXPECT_EQ(answer.status, status) << method << " " << pattern << " " << answer.body.substr(0, 200);
        if (answer.status != status) return;
        seen_.insert(method + " " + pattern + " " + std::to_string(status));
        if (status < 400 || pattern == "/readyz") return;
        EXPECT_EQ(answer.header("content-type"), "application/problem+json") << method << " " << pattern;
        for (const char* field : {"title", "detail", "code"})
            EXPECT_FALSE(answer.json().value(field, "").empty())
                << method << " " << pattern << " " << answer.body;
        EXPECT_EQ(answer.json().value("status", 0), status);
    }
    void see(const std::string& method, const std::string& pattern, int status, const std::string& id = "",
             const std::string& body = "", HeaderList headers = {}) {
        see(method, pattern, status, ask(port(), method, with_id(pattern, id), body, std::move(headers)));
    }
    void see_form(const std::string& pattern, int status, const std::vector<Part>& parts) {
        see("POST", pattern, status, send_form(port(), pattern, parts));
    }
    /// Of a route that answers with a file.
    void see_file(const std::string& pattern, const std::string& id) {
        const Answer whole = get(with_id(pattern, id));
        see("GET", pattern, 200, whole);
        see("GET", pattern, 304, id, "", {{"If-None-Match", whole.header("etag")}});
    }

    /// What a route answers whoever asks, and however.
    void see_strangers() {
        for (const auto& [method, pattern] : promising("400"))
            see(method, pattern, 400, kNobody, "", {{"Host", ""}});
        for (const auto& [method, pattern] : promising("403"))
            see(method, pattern, 403, kNobody, "", {{"Origin", "https://elsewhere.example"}});
    }
    void see_uninvited() {
        server::AccessRules rules;
        rules.token = kToken;
        start(rules);
        for (const auto& [method, pattern] : promising("401")) {
            const bool is_login = pattern == "/v1/session";
            see(method, pattern, 401, kNobody, is_login ? R"({"token":"wrong"})" : "");
        }
        see("POST", "/v1/session", 204, "", R"({"token":")" + kToken + "\"}");
        for (int tries = 0; tries < 20; ++tries) post("/v1/session", R"({"token":"wrong"})");
        see("POST", "/v1/session", 429, "", R"({"token":"wrong"})");
        see("DELETE", "/v1/session", 204);
        see("GET", "/v1/session", 200);
    }
    /// Bodies that are too large, of another kind, or without sense; things that are not there.
    void see_wrong_requests() {
        const std::set<std::string> forms = {"/v1/assets", "/v1/recipes"};
        const std::string nobody = "\"" + std::string(kNobody) + "0000\"";
        for (const auto& [method, pattern] : promising("415"))
            see(method, pattern, 415, queued(), "words", {{"Content-Type", "text/plain"}});
        for (const auto& [method, pattern] : promising("413"))
            if (forms.contains(pattern))
                see_form(pattern, 413, {{"file", "x.png", std::string((64 << 20) + 1, 'x')}});
            else
                see(method, pattern, 413, "", R"({"prompt":")" + std::string(1 << 20, 'x') + "\"}");
        for (const auto& [method, pattern] : promising("422")) {
            if (method != "GET" && forms.contains(pattern))
                see_form(pattern, 422, {{"other", "", "x"}});
            else if (method != "GET")
                see(method, pattern, 422, queued(), R"({"fps":0,"keep_partial":0,"token":0})");
        }
        see("GET", "/v1/clips", 422, get("/v1/clips?limit=0"));
        for (const auto& [method, pattern] : promising("404")) {
            std::string body;
            if (method == "PATCH") body = R"({"priority":1})";
            if (pattern == "/v1/videos")
                body = R"({"prompt":"pan left","input_reference":)" + nobody + "}";
            else if (pattern == "/v1/batches")
                body = R"({"pictures":[)" + nobody + "]}";
            else if (method == "POST" && pattern.find("{id}") == std::string::npos)
                body = R"({"picture":)" + nobody + "}";
            see(method, pattern, 404, kNobody, body);
        }
    }
    void see_clips() {
        const std::string picture = asset(), clip = clip_of(picture), id = queued();
        see("POST", "/v1/assets", 201, upload(png_bytes()));
        see("GET", "/v1/assets", 200);
        see("GET", "/v1/assets/{id}", 200, picture);
        see("DELETE", "/v1/assets/{id}", 204, asset());
        see("POST", "/v1/clips", 202, "", clip);
        see("DELETE", "/v1/assets/{id}", 409, picture);
        see("GET", "/v1/clips", 200);
        see("GET", "/v1/clips/{id}", 200, id);
        see("GET", "/v1/clips/{id}/log", 200, id);
        see("PATCH", "/v1/clips/{id}", 200, id, R"({"priority":2})");
        see("POST", "/v1/clips/{id}/retry", 409, id);
        for (const char* pattern :
             {"/v1/clips/{id}/content", "/v1/videos/{id}/content", "/v1/clips/{id}/thumbnail",
              "/v1/clips/{id}/strip", "/v1/clips/{id}/frame/{n}"})
            see("GET", pattern, 409, id);
        see("DELETE", "/v1/clips/{id}", 409, ask(port(), "DELETE", "/v1/clips/" + id + "?purge=true"));
        see("POST", "/v1/clips/{id}/cancel", 200, id);
        see("POST", "/v1/clips/{id}/retry", 202, id);
        see("POST", "/v1/clips/{id}/duplicate", 202, id);
        see("POST", "/v1/batches", 202, "", R"({"clips":[)" + clip + "]}");
        see("POST", "/v1/videos", 200, "",
            R"({"prompt":"pan left","size":"64x48","seconds":"1","input_reference":")" + picture + "\"}");
        see("GET", "/v1/videos/{id}", 200, id);
        see("DELETE", "/v1/clips/{id}", 204, id);
    }
    void see_finished_clip() {
        const std::string id = made_ = made();
        see("PATCH", "/v1/clips/{id}", 409, id, R"({"prompt":"pan left"})");
        for (const char* pattern : {"/v1/clips/{id}/content", "/v1/videos/{id}/content"}) {
            see_file(pattern, id);
            see("GET", pattern, 206, id, "", {{"Range", "bytes=0-3"}});
            see("GET", pattern, 416, id, "", {{"Range", "bytes=99999999-"}});
        }
        for (const char* pattern :
             {"/v1/clips/{id}/thumbnail", "/v1/clips/{id}/strip", "/v1/clips/{id}/frame/{n}"})
            see_file(pattern, id);
        see("GET", "/v1/clips/{id}/frame/{n}", 422, get("/v1/clips/" + id + "/frame/first"));
        see_file("/v1/assets/{id}/thumbnail", picture_ = asset());
        film_ = get("/v1/clips/" + id + "/content").body;
        see_form("/v1/recipes", 200, {{"file", "clip.mp4", film_}});
    }
    /// The status of every route that waits for the quick lane, unless it was seen before.
    void see_lane(int status) {
        std::set<std::string> waiting;
        for (const auto& [method, pattern] : promising("503")) waiting.insert(method + " " + pattern);
        for (const char* other : {"GET /v1/events", "GET /readyz"}) waiting.erase(other);
        for (const auto& [method, pattern] : promising(std::to_string(status))) {
            const std::string operation = method + " " + pattern;
            if (!waiting.contains(operation) || seen_.contains(operation + " " + std::to_string(status)))
                continue;
            // What the lane has made is not asked of it again.
            for (const auto& made : std::filesystem::directory_iterator(folders().quick()))
                std::filesystem::remove_all(made);
            const std::string field = pattern == "/v1/videos" ? "input_reference" : "file";
            if (method == "GET")
                see(method, pattern, status, pattern.find("assets") == std::string::npos ? made_ : picture_);
            else if (pattern == "/v1/previews")
                see(method, pattern, status, "", clip_of(picture_));
            else if (pattern == "/v1/recipes")
                see_form(pattern, status, {{field, "clip.mp4", film_}});
            else
                see_form(pattern, status, {{field, "x.png", png_bytes()}});
        }
    }
    void see_a_lane_that_fails() {
        const std::vector<std::pair<ErrorCode, int>> ends = {
            {ErrorCode::io, 500}, {ErrorCode::out_of_memory, 507}, {ErrorCode::corrupt_data, 422}};
        for (const auto& [code, status] : ends) {
            quick_worker_.reset();
            const QuickWorker lane(failing_with(code), folders());
            see_lane(status);
        }
        start_without_quick_worker();
        see_lane(503);
    }
    void see_progress() {
        const std::string id = queued(), pattern = "/v1/clips/{id}/progress_picture";
        store().prioritise(id, 100);
        const auto life = jobs::WorkerLife::begin(store().workers_folder(), "hand");
        jobs::ClaimRequest request;
        request.worker = "hand";
        const auto claim = store().claim(request);
        ASSERT_TRUE(claim && claim->job.id == id);
        studio::ProgressPicture picture(claim->job, folders());
        picture.show(image::Image(64, 48, 4));
        see_file(pattern, id);
        see("GET", pattern, 206, id, "", {{"Range", "bytes=0-3"}});
    }
    void see_pulls() {
        const Answer asked = post("/v1/models/pulls", R"({"model":"i2vgen-xl"})");
        see("POST", "/v1/models/pulls", 202, asked);
        see("GET", "/v1/models/pulls", 200);
        see("GET", "/v1/models/pulls/{id}", 200, asked.json().value("id", ""));
        see("POST", "/v1/models/pulls/{id}/cancel", 200, asked.json().value("id", ""));
    }
    void see_the_rest() {
        const std::string clip = clip_of(asset());
        see("POST", "/v1/plan", 200, "", R"({"prompt":"pan left"})");
        see("POST", "/v1/estimate", 200, "", clip);
        see("POST", "/v1/previews", 200, "", clip);
        see("POST", "/v1/queue/pause", 200);
        see("POST", "/v1/queue/resume", 200);
        for (const char* target : {"/v1/presets", "/v1/engines", "/v1/models", "/v1/queue", "/v1/system",
                                   "/openapi.json", "/healthz", "/metrics"})
            see("GET", target, 200);
        see("GET", "/readyz", 503);
        const auto worker = jobs::WorkerLife::begin(store().workers_folder(), "hand");
        store().enlist({"hand", std::string(jobs::kRenderLane), ::getpid()});
        see("GET", "/readyz", 200);
        Connection listener(port());
        listener.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        EXPECT_EQ(listener.read_until("\r\n\r\n").substr(9, 3), "200");
        seen_.insert("GET /v1/events 200");
    }
    void see_too_little_memory() {
        const std::string picture = asset(), greedy = R"("engine":"greedy")";
        const std::string clip = clip_of(picture, "," + greedy);
        for (const char* target : {"/v1/clips", "/v1/estimate"}) see("POST", target, 507, "", clip);
        see("POST", "/v1/batches", 507, "", R"({"clips":[)" + clip + "]}");
        see("POST", "/v1/clips/{id}/duplicate", 507, queued(), "{" + greedy + "}");
        see("POST", "/v1/videos", 507, "", R"({"model":"greedy","input_reference":")" + picture + "\"}");
    }
    /// As many as are allowed, and one more.
    void see_too_many_listeners() {
        rlimit files{};
        ::getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
        std::vector<std::unique_ptr<Connection>> listeners;
        for (int i = 0; i < 1100; ++i) {
            listeners.push_back(std::make_unique<Connection>(port()));
            listeners.back()->send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
            if (listeners.back()->read_until("\r\n\r\n").find(" 503 ") == std::string::npos) continue;
            see("GET", "/v1/events", 503, listeners.back()->read_answer());
            return;
        }
    }
    /// Nobody can write where a file lies in the way of the folder.
    void see_a_broken_disk() {
        start();
        std::filesystem::remove_all(folders().assets());
        std::ofstream(folders().assets()) << "in the way";
        see("POST", "/v1/assets", 500, upload(png_bytes()));
        see("POST", "/v1/clips", 500,
            send_form(port(), "/v1/clips", {{"file", "x.png", png_bytes()}, {"prompt", "", "pan left"}}));
    }

    std::set<std::string> promised_, seen_;
    std::string made_, picture_, film_;  // a finished clip, an asset, the clip's file
};

TEST_F(EveryStatusTest, ThatIsPromisedIsAnswered) {
    engines_.add(std::make_unique<GreedyEngine>());
    see_uninvited();
    start();
    see_strangers();
    see_wrong_requests();
    see_clips();
    see_finished_clip();
    see_the_rest();
    see_progress();
    see_pulls();
    see_too_little_memory();
    see_too_many_listeners();
    see_a_lane_that_fails();
    see_a_broken_disk();
    for (const std::string& one : promised_) EXPECT_TRUE(seen_.contains(one)) << one << " was never seen";
    for (const std::string& one : seen_) EXPECT_TRUE(promised_.contains(one)) << one << " is not described";
}

}  // namespace
}  // namespace stillreel::testing
