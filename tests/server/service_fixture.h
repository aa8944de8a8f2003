// A service on a free port over a scratch home, and a worker's hand to finish jobs with.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "http_client.h"
#include "image/picture_file.h"
#include "jobs/job_store.h"
#include "jobs/worker_life.h"
#include "quick_worker.h"
#include "server/service.h"
#include "studio/clip_job.h"
#include "studio/generator.h"
#include "support/scratch.h"

namespace stillreel::testing {

inline std::string png_bytes(int width = 64, int height = 48) {
    image::Image picture(width, height, 3);
    for (std::size_t i = 0; i < picture.pixels.size(); ++i)
        picture.pixels[i] = static_cast<std::uint8_t>(i * 7);
    const auto bytes = image::encode_png(picture);
    return {bytes.begin(), bytes.end()};
}

class ServiceTest : public ::testing::Test {
  protected:
    void start(server::AccessRules access = {}, server::HttpSettings http = {}) {
        http.port = 0;
        const server::ServiceSettings settings{http, std::move(access), folders(), webhooks_, quick_};
        server::ServiceParts parts{engines_, [] { return std::string("[]"); }, {}};
        service_.emplace(server::Service::start(settings, parts));
        store_.emplace(jobs::JobStore::open(folders().database()));
        start_quick_worker();
    }
    void start_quick_worker() { quick_worker_.emplace(engines_, folders()); }
    /// From now on nobody does what the quick lane is asked, and that is found out soon.
    void start_without_quick_worker() {
        quick_.without_worker = std::chrono::milliseconds(200);
        start();
        quick_worker_.reset();
    }
    studio::ServiceFolders folders() const { return {scratch_.path()}; }
    int port() const { return service_->port(); }

    Answer get(const std::string& target, HeaderList headers = {}) const {
        return ask(port(), "GET", target, "", std::move(headers));
    }
    Answer post(const std::string& target, const std::string& body = "", HeaderList headers = {}) const {
        return ask(port(), "POST", target, body, std::move(headers));
    }
    Answer upload(const std::string& bytes, const std::string& name = "picture.png",
                  HeaderList headers = {}) const {
        return send_form(port(), "/v1/assets", {{"file", name, bytes}}, std::move(headers));
    }
    std::string asset() const { return upload(png_bytes()).json().at("id"); }
    std::string clip_of(const std::string& asset, const std::string& more = "") const {
        return R"({"picture":")" + asset + R"(","prompt":"pan right","size":64,"frames":4)" + more + "}";
    }
    /// The id of a queued clip.
    std::string queued() const { return post("/v1/clips", clip_of(asset())).json().at("id"); }

    jobs::JobStore& store() { return *store_; }
    std::filesystem::path outputs() const { return scratch_ / "outputs"; }

    /// Does the next job as a worker would: its output holds `content`.
    std::string finish_next(const std::string& content) {
        const auto life = jobs::WorkerLife::begin(store().workers_folder(), "hand");
        jobs::ClaimRequest request;
        request.worker = "hand";
        const auto claim = store().claim(request);
        if (!claim) return {};
        std::filesystem::create_directories(outputs());
        std::ofstream(outputs() / claim->job.output, std::ios::binary) << content;
        EXPECT_TRUE(store().complete(*claim, R"({"frames":4})"));
        return claim->job.id;
    }

    /// The id of a queued clip that was really made.
    std::string made(const std::string& more = "") {
        const std::string id = post("/v1/clips", clip_of(asset(), more)).json().at("id");
        jobs::WorkerOptions options;
        options.when_idle = jobs::WhenIdle::leave;
        jobs::run_worker(store(), studio::clip_work(store(), engines_, folders()), options, CancelFlag());
        EXPECT_EQ(store().get(id).state, jobs::State::completed) << store().get(id).error_message;
        return id;
    }

    ScratchFolder scratch_;
    server::WebhookSettings webhooks_;
    studio::EngineRegistry engines_ = studio::standard_engines();
    server::QuickSettings quick_;
    std::optional<server::Service> service_;
    std::optional<jobs::JobStore> store_;
    std::optional<QuickWorker> quick_worker_;
};

}  // namespace stillreel::testing
