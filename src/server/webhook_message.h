// What a webhook sends and how it is signed: the Standard Webhooks convention
// (https://www.standardwebhooks.com), so that its receivers can verify with a library they have already.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/http.h"
#include "jobs/job_store.h"

namespace stillreel::server {

class WebhookSecret {
  public:
    /// "whsec_" and 24 to 64 bytes in Base64; the prefix may be missing. `where` it comes from is named when
    /// it is not: throws invalid_argument, which never quotes it.
    static WebhookSecret parse(const std::string& text, const std::string& where);
    /// The one in the file, which is made with 256 random bits, for its owner's eyes only, when it is not
    /// there. Throws invalid_argument as parse(), io.
    static WebhookSecret kept_in(const std::filesystem::path& file);

    /// The header webhook-signature: "v1," and the HMAC-SHA256 of "id.timestamp.body" in Base64.
    std::string signature(const std::string& id, std::int64_t unix_s, const std::string& body) const;

  private:
    explicit WebhookSecret(std::string key) : key_(std::move(key)) {}
    std::string key_;
};

/// Throws FieldError of "webhook": not http(s)://host..., longer than 2000 bytes, with a user name, with
/// characters that no URL has; with Reach::public_only also localhost and IP addresses that are not of the
/// open internet, however they are spelt. Names are looked up only when they are called.
void check_webhook_url(const std::string& url, Reach reach);

/// The request that tells of the end of a job, without reach and time limit. `clip`: its view, JSON.
HttpPost webhook_message(const jobs::Delivery& delivery, const std::string& clip, const WebhookSecret& secret,
                         std::int64_t unix_s);

}  // namespace stillreel::server
