#include "server/webhook_sender.h"

#include <fmt/core.h>

#include <cmath>
#include <mutex>
#include <optional>

#include "base/amounts.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/threads.h"
#include "base/ticker.h"
#include "server/webhook_message.h"

namespace stillreel::server {
namespace {

constexpr int kCallsAtATime = 4;  // so that one slow receiver does not keep the others waiting
constexpr int kTakenAtATime = 16;
constexpr double kPauseAfterTrouble_s = 30;
constexpr float kJitter = 0.2f;
constexpr int kGone = 410;

std::string unwelcome(const HttpReply& reply) {
    const bool elsewhere = reply.status >= 300 && reply.status < 400;
    return fmt::format("{} answers {}{}", reply.host, reply.status,
                       elsewhere ? "; redirects are not followed" : "");
}

}  // namespace

struct WebhookSender::State {
    State(jobs::JobStore& queue, studio::ClipService& service, const std::filesystem::path& home,
          WebhookSettings chosen)
        : store(queue),
          clips(service),
          secret_file(home / "webhook.secret"),
          settings(std::move(chosen)),
          pool(kCallsAtATime) {
        if (!settings.secret.empty())
            secret = WebhookSecret::parse(settings.secret, "STILLREEL_WEBHOOK_SECRET");
    }

    const WebhookSecret& key() {
        const std::lock_guard lock(mutex);
        if (!secret) {
            secret = WebhookSecret::kept_in(secret_file);
            log::info(fmt::format("webhooks are signed with the secret in {}", secret_file.string()));
        }
        return *secret;
    }
    void tick();
    void deliver(const jobs::Delivery& delivery);
    void call(const jobs::Delivery& delivery, const jobs::Job& job);
    void later(const jobs::Delivery& delivery, const std::string& why);
    void give_up(const jobs::Delivery& delivery, const std::string& why);

    jobs::JobStore& store;
    studio::ClipService& clips;
    std::filesystem::path secret_file;
    WebhookSettings settings;
    std::mutex mutex;
    std::optional<WebhookSecret> secret;  // once there, it stays
    bool troubled = false;                // what became of a call could not be written down
    Stopwatch since_trouble;
    CancelFlag stop;
    ThreadPool pool;
    std::optional<Ticker> ticker;
};

void WebhookSender::State::tick() {
    {
        // A receiver must not be called again and again because our disk is full.
        const std::lock_guard lock(mutex);
        if (troubled && since_trouble.seconds() < kPauseAfterTrouble_s) return;
        troubled = false;
    }
    std::vector<jobs::Delivery> due;
    try {
        due = store.due_deliveries(unix_ms(), kTakenAtATime);
    } catch (const Error& error) {
        log::warning(fmt::format("looking for webhooks: {}", error.what()));
        const std::lock_guard lock(mutex);
        troubled = true;
        since_trouble.restart();
    }
    if (due.empty()) return;
    pool.parallel_for(static_cast<int>(due.size()),
                      [&](int i) { deliver(due[static_cast<std::size_t>(i)]); });
}

/// Throws nothing.
void WebhookSender::State::deliver(const jobs::Delivery& delivery) {
    if (stop.requested()) return;
    try {
        if (const auto job = store.find(delivery.job)) call(delivery, *job);
    } catch (const std::exception& error) {
        log::warning(fmt::format("job {}: calling its webhook: {}", delivery.job, error.what()));
        const std::lock_guard lock(mutex);
        troubled = true;
        since_trouble.restart();
    }
}

void WebhookSender::State::call(const jobs::Delivery& delivery, const jobs::Job& job) {
    HttpPost message = webhook_message(delivery, clips.view(job), key(), unix_ms() / 1000);
    message.reach = settings.reach;
    message.timeout_s = settings.timeout_s;
    HttpReply reply;
    try {
        reply = HttpClient().post(message, &stop);
    } catch (const HttpFailure& failure) {
        return later(delivery, failure.what());
    } catch (const Error& error) {
        if (error.code() == ErrorCode::cancelled) return;
        return give_up(delivery, error.what());
    }
    if (reply.status >= 200 && reply.status < 300) {
        store.delivered(delivery.id);
        return log::info(fmt::format("job {}: {} has taken the webhook's message", delivery.job, reply.host));
    }
    if (reply.status == kGone) return give_up(delivery, unwelcome(reply));
    later(delivery, unwelcome(reply));
}

void WebhookSender::State::later(const jobs::Delivery& delivery, const std::string& why) {
    const auto failures = static_cast<std::size_t>(delivery.tries);
    if (failures >= settings.waits_s.size())
        return give_up(delivery, fmt::format("{} (tried {} times)", why, failures + 1));
    const double wait_s = settings.waits_s[failures] * Random(fresh_seed()).between(1 - kJitter, 1 + kJitter);
    store.retry_delivery(delivery.id, unix_ms() + std::llround(1000 * wait_s), why);
    log::info(fmt::format("job {}: its webhook is tried again in {}: {}", delivery.job, duration_text(wait_s),
                          why));
}

void WebhookSender::State::give_up(const jobs::Delivery& delivery, const std::string& why) {
    store.give_up_delivery(delivery.id, why);
    log::warning(fmt::format("job {}: its webhook is given up: {}", delivery.job, why));
}

WebhookSender::WebhookSender(jobs::JobStore& store, studio::ClipService& clips,
                             const std::filesystem::path& home, WebhookSettings settings)
    : state_(std::make_unique<State>(store, clips, home, std::move(settings))) {
    state_->ticker.emplace(state_->settings.poll, [state = state_.get()] { state->tick(); });
}

WebhookSender::~WebhookSender() {
    state_->stop.request();
    state_->ticker.reset();
}

void WebhookSender::expect(const std::string& url) {
    if (url.empty()) return;
    check_webhook_url(url, state_->settings.reach);
    state_->key();
}

}  // namespace stillreel::server
