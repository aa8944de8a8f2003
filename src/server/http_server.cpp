#include "server/http_server.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <restinio/all.hpp>
#include <set>

#include "base/log.h"

namespace stillreel::server {
namespace {

struct Traits : restinio::default_traits_t {
    static constexpr bool use_connection_count_limiter = true;
    using request_handler_t = std::function<restinio::request_handling_status_t(restinio::request_handle_t)>;
};

using Io = restinio::asio_ns::io_context;
using Chunks = restinio::response_builder_t<restinio::chunked_output_t>;

Request request_of(const restinio::request_handle_t& handle) {
    const auto& header = handle->header();
    Request request;
    request.method = std::string(header.method().c_str());
    const std::string& target = header.request_target();
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string::npos) request.query = target.substr(mark + 1);
    header.for_each_field([&](const restinio::http_header_field_t& field) {
        std::string name = field.name();
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        request.headers.emplace_back(std::move(name), field.value());
    });
    request.body = handle->body();
    return request;
}

restinio::http_status_line_t status_line(int status) {
    return {restinio::http_status_code_t(static_cast<std::uint16_t>(status)), std::string(reason_of(status))};
}

template <class Builder>
void add_headers(Builder& builder, const Response& response) {
    for (const auto& [name, value] : response.headers) builder.append_header(name, value);
}

/// What may still touch a connection: it lets go when the server stops, however long its owner keeps it.
class Held {
  public:
    virtual ~Held() = default;
    virtual void let_go() = 0;
};

class HeldSet {
  public:
    void add(const std::shared_ptr<Held>& held) {
        const std::lock_guard lock(mutex_);
        if (++adds_ % 256 == 0) std::erase_if(all_, [](const auto& entry) { return entry.expired(); });
        all_.insert(held);
    }
    void let_go() {
        const std::lock_guard lock(mutex_);
        for (const auto& entry : all_)
            if (const auto held = entry.lock()) held->let_go();
        all_.clear();
    }

  private:
    std::mutex mutex_;
    std::size_t adds_ = 0;
    std::set<std::weak_ptr<Held>, std::owner_less<std::weak_ptr<Held>>> all_;
};

class ChunkedStream final : public EventStream, public Held {
  public:
    ChunkedStream(Chunks builder, std::size_t backlog)
        : builder_(std::make_unique<Chunks>(std::move(builder))), max_backlog_bytes_(backlog) {}

    bool send(const std::shared_ptr<const std::string>& text) override {
        const std::lock_guard lock(mutex_);
        if (!builder_) return false;
        if (broken_->load() || *backlog_ + text->size() > max_backlog_bytes_) {
            finish();
            return false;
        }
        *backlog_ += text->size();
        builder_->append_chunk(restinio::writable_item_t{std::const_pointer_cast<std::string>(text)});
        builder_->flush([backlog = backlog_, broken = broken_,
                         bytes = text->size()](const restinio::asio_ns::error_code& failed) {
            *backlog -= bytes;
            if (failed) broken->store(true);
        });
        return true;
    }

    void close() override {
        const std::lock_guard lock(mutex_);
        finish();
    }

    void let_go() override {
        const std::lock_guard lock(mutex_);
        builder_.reset();
    }

  private:
    void finish() {
        if (builder_) builder_->done();
        builder_.reset();
    }

    std::mutex mutex_;
    std::unique_ptr<Chunks> builder_;
    std::size_t max_backlog_bytes_;
    // Shared with notices of writes that end after this stream.
    std::shared_ptr<std::atomic<std::size_t>> backlog_ = std::make_shared<std::atomic<std::size_t>>(0);
    std::shared_ptr<std::atomic<bool>> broken_ = std::make_shared<std::atomic<bool>>(false);
};

/// A request that waits for its answer.
class Pending final : public Held {
  public:
    Pending(restinio::request_handle_t handle, bool head, const HttpSettings& settings, HeldSet& held)
        : handle_(std::move(handle)), head_(head), settings_(settings), held_(held) {}

    void answer(Response response) {
        restinio::request_handle_t handle;
        {
            const std::lock_guard lock(mutex_);
            handle = std::exchange(handle_, nullptr);
        }
        if (!handle) return;
        try {
            if (response.stream && !head_)
                stream(handle, response);
            else if (head_)
                send_head(handle, response);
            else
                send(handle, response);
        } catch (const std::exception& error) {
            log::warning(fmt::format("an answer could not be sent: {}", error.what()));
        }
    }

    void let_go() override {
        const std::lock_guard lock(mutex_);
        handle_.reset();
    }

  private:
    static void send(const restinio::request_handle_t& handle, Response& response) {
        auto builder = handle->create_response(status_line(response.status));
        add_headers(builder, response);
        builder.append_header_date_field();
        if (response.file && response.file->bytes > 0)
            builder.set_body(slice(*response.file));
        else
            builder.set_body(std::move(response.body));
        builder.done();
    }

    static restinio::sendfile_t slice(const FileSlice& part) {
        const int copy = ::dup(part.file->descriptor());
        if (copy < 0) throw Error(ErrorCode::io, "no more files can be opened");
        restinio::file_descriptor_holder_t descriptor(copy);
        // 64 kB a second is the slowest client that is waited for.
        const auto limit = std::chrono::seconds(30 + part.bytes / (64 << 10));
        return restinio::sendfile(std::move(descriptor),
                                  restinio::file_meta_t{part.file->bytes(), std::chrono::system_clock::now()})
            .offset_and_size(static_cast<restinio::file_offset_t>(part.offset), part.bytes)
            .timelimit(limit);
    }

    static void send_head(const restinio::request_handle_t& handle, const Response& response) {
        auto builder =
            handle->create_response<restinio::user_controlled_output_t>(status_line(response.status));
        add_headers(builder, response);
        builder.append_header_date_field();
        builder.set_content_length(response.file ? response.file->bytes : response.body.size());
        builder.done();
    }

    void stream(const restinio::request_handle_t& handle, Response& response) {
        auto builder = handle->create_response<restinio::chunked_output_t>(status_line(response.status));
        add_headers(builder, response);
        builder.connection_close();
        auto stream = std::make_shared<ChunkedStream>(std::move(builder), settings_.max_stream_backlog_bytes);
        held_.add(stream);
        stream->send(std::make_shared<const std::string>(std::move(response.body)));
        response.stream(stream);
    }

    std::mutex mutex_;
    restinio::request_handle_t handle_;
    bool head_;
    const HttpSettings& settings_;
    HeldSet& held_;
};

[[noreturn]] void cannot_listen(const HttpSettings& settings, const std::error_code& failed) {
    const std::string where = fmt::format("{} port {}", settings.address, settings.port);
    if (failed == std::errc::address_in_use)
        throw Error(ErrorCode::busy, fmt::format("{} is taken by another program", where));
    if (failed == std::errc::permission_denied)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} needs privileges: choose a port from 1024 on", where));
    if (failed == std::errc::address_not_available)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("this machine has no address {}", settings.address));
    throw Error(ErrorCode::io, fmt::format("cannot listen on {}: {}", where, failed.message()));
}

}  // namespace

struct HttpServer::State {
    HttpSettings settings;
    Handler handler;
    int port = 0;
    HeldSet held;
    Io io;
    restinio::running_server_handle_t<Traits> running;
    std::vector<std::unique_ptr<restinio::asio_ns::steady_timer>> timers;

    restinio::request_handling_status_t handle(restinio::request_handle_t request) {
        const Request seen = request_of(request);
        const auto pending =
            std::make_shared<Pending>(std::move(request), seen.method == "HEAD", settings, held);
        held.add(pending);
        handler(seen, [pending](Response response) { pending->answer(std::move(response)); });
        return restinio::request_accepted();
    }

    void repeat(restinio::asio_ns::steady_timer& timer, std::chrono::milliseconds period,
                std::shared_ptr<std::function<void()>> work) {
        timer.expires_after(period);
        timer.async_wait([this, &timer, period, work](const std::error_code& failed) {
            if (failed) return;
            (*work)();
            repeat(timer, period, work);
        });
    }

    void run() {
        restinio::server_settings_t<Traits> options;
        options.address(settings.address)
            .port(static_cast<std::uint16_t>(settings.port))
            .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                          .max_url_size(settings.max_url_bytes)
                                          .max_field_name_size(256)
                                          .max_field_value_size(settings.max_header_bytes)
                                          .max_field_count(settings.max_header_count)
                                          .max_body_size(settings.max_body_bytes))
            .read_next_http_message_timelimit(settings.read_timeout)
            .handle_request_timeout(settings.handle_timeout)
            .write_http_response_timelimit(settings.write_timeout)
            .max_parallel_connections(settings.max_connections)
            .buffer_size(16 << 10)
            .acceptor_post_bind_hook([this](restinio::asio_ns::ip::tcp::acceptor& acceptor) {
                port = acceptor.local_endpoint().port();
            })
            .request_handler(
                [this](restinio::request_handle_t request) { return handle(std::move(request)); });
        running = restinio::run_async<Traits>(restinio::external_io_context(io), std::move(options),
                                              static_cast<std::size_t>(settings.threads));
    }
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;

HttpServer::~HttpServer() {
    if (state_) stop();
}

HttpServer HttpServer::start(const HttpSettings& settings, Handler handler) {
    auto state = std::make_unique<State>();
    state->settings = settings;
    state->handler = std::move(handler);
    try {
        state->run();
    } catch (const std::system_error& error) {
        cannot_listen(settings, error.code());
    }
    return HttpServer(std::move(state));
}

int HttpServer::port() const { return state_->port; }

void HttpServer::every(std::chrono::milliseconds period, std::function<void()> work) {
    State& state = *state_;
    state.timers.push_back(std::make_unique<restinio::asio_ns::steady_timer>(state.io));
    state.repeat(*state.timers.back(), period, std::make_shared<std::function<void()>>(std::move(work)));
}

void HttpServer::stop() {
    if (!state_->running) return;
    state_->running->stop();
    state_->running->wait();
    state_->held.let_go();
    state_->timers.clear();
    state_->running.reset();
}

}  // namespace stillreel::server
