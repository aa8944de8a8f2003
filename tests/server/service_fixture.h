// A service on a free port over a scratch home, and a worker's hand to finish jobs with.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "http_client.h"
#include "image/picture_file.h"
#include "jobs/job_store.h"
#include "jobs/worker_life.h"
#include "server/service.h"
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
        const server::ServiceSettings settings{http, std::move(access), {scratch_.path()}, webhooks_};
        server::ServiceParts parts{engines_, nullptr, [] { return std::string("[]"); }, {}};
        service_.emplace(server::Service::start(settings, parts));
        store_.emplace(jobs::JobStore::open(settings.folders.database()));
    }
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

    ScratchFolder scratch_;
    server::WebhookSettings webhooks_;
    studio::EngineRegistry engines_ = studio::standard_engines();
    std::optional<server::Service> service_;
    std::optional<jobs::JobStore> store_;
};

}  // namespace stillreel::testing
