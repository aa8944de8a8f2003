// Calls the webhooks of clips that have ended. What is due stands in the jobs' database, so that a server
// that was killed goes on where it was; each is called at least once, always under the same webhook-id.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/http.h"
#include "jobs/job_store.h"
#include "studio/clip_service.h"

namespace stillreel::server {

struct WebhookSettings {
    Reach reach = Reach::public_only;
    /// "whsec_...". Empty: the one in webhook.secret in the home, made at first need.
    std::string secret{};
    /// Until the next try, after the first, second ... failure, give or take a fifth. Then it is given up.
    std::vector<double> waits_s = {5, 30, 120, 600, 3600, 21600};
    int timeout_s = 10;
    std::chrono::milliseconds poll{500};
};

class WebhookSender {
  public:
    /// Begins to send, on threads of its own. References must outlive it. Throws invalid_argument: a secret
    /// that is none.
    WebhookSender(jobs::JobStore& store, studio::ClipService& clips, const std::filesystem::path& home,
                  WebhookSettings settings);
    /// Within about a second; calls under way are made again next time.
    ~WebhookSender();
    WebhookSender(const WebhookSender&) = delete;
    WebhookSender& operator=(const WebhookSender&) = delete;

    /// For whoever submits a clip: the URL is checked (check_webhook_url), and there is a secret from now on.
    /// Empty: no webhook. Throws FieldError, and what WebhookSecret::kept_in throws.
    void expect(const std::string& url);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::server
