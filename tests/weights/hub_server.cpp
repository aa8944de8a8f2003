#include "weights/hub_server.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/digest.h"
#include "base/file.h"

namespace stillreel::testing {
namespace {

constexpr const char* kRepository = "ali-vilab/i2vgen-xl";
constexpr const char* kCommit = "39e1979ea27be737b0278c06755e321f2b4360d5";
constexpr std::size_t kPiece = 16384;

std::string git_sha1(const std::string& content) {
    Digest digest = Digest::git_blob(content.size());
    digest.add(content.data(), content.size());
    return digest.hex();
}

std::string after(const std::string& text, const std::string& prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : "";
}

}  // namespace

/// One request and its answer.
class HubServer::Connection {
  public:
    Connection(HubServer& server, int socket) : server_(server), socket_(socket) {}

    bool read() {
        std::string rest;
        auto head = receive_http_head(socket_, rest);
        if (!head) return false;
        request_.path = std::move(head->path);
        request_.headers = std::move(head->headers);
        request_.host = request_.headers["host"].substr(0, request_.headers["host"].rfind(':'));
        return true;
    }

    const SeenRequest& request() const { return request_; }

    void head(int status, const std::map<std::string, std::string>& headers) {
        std::string text = "HTTP/1.1 " + std::to_string(status) + " x\r\nConnection: close\r\n";
        for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
        send(text + "\r\n");
    }
    void whole(int status, const std::string& body, std::map<std::string, std::string> headers = {}) {
        headers["Content-Length"] = std::to_string(body.size());
        head(status, headers);
        send(body);
    }

    /// A file, with ranges and what `fault` says.
    void content(std::string body, const std::string& etag, const Fault* fault) {
        using Kind = Fault::Kind;
        const auto is = [&](Kind kind) { return fault && fault->kind == kind; };
        if (is(Kind::wrong_bytes)) body[body.size() / 2] ^= 1;
        if (is(Kind::other_size)) body.resize(body.size() / 2);
        std::size_t begin = 0;
        const std::string range = after(request_.headers["range"], "bytes=");
        const auto if_range = request_.headers.find("if-range");
        const bool same = if_range == request_.headers.end() || if_range->second == etag;
        if (!range.empty() && same && !is(Kind::ignore_range)) begin = std::stoul(range);
        if (begin > 0 && begin >= body.size()) return whole(416, "");
        std::map<std::string, std::string> headers{{"ETag", etag}};
        if (!is(Kind::endless)) headers["Content-Length"] = std::to_string(body.size() - begin);
        if (begin > 0)
            headers["Content-Range"] = "bytes " + std::to_string(begin + (is(Kind::wrong_range) ? 1 : 0)) +
                                       "-" + std::to_string(body.size() - 1) + "/" +
                                       std::to_string(body.size());
        head(begin > 0 ? 206 : 200, headers);
        const bool stops = is(Kind::cut) || is(Kind::stall);
        send(body.substr(begin, stops ? fault->after : std::string::npos));
        if (is(Kind::endless)) send(body);
        while (is(Kind::stall) && !server_.listener_.stopping() && !peer_gone(socket_)) pause(20);
    }

  private:
    static void pause(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }
    void send(const std::string& text) {
        for (std::size_t done = 0; done < text.size() && !server_.listener_.stopping();) {
            const std::size_t count = std::min(kPiece, text.size() - done);
            const ssize_t sent = ::send(socket_, text.data() + done, count, MSG_NOSIGNAL);
            if (sent <= 0) return;
            done += static_cast<std::size_t>(sent);
            if (server_.pause_ms_ > 0) pause(server_.pause_ms_);
        }
    }

    HubServer& server_;
    int socket_;
    SeenRequest request_;
};

HubServer::HubServer() : listener_([this](int socket) { answer(socket); }) {}

std::string HubServer::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

void HubServer::add(const std::string& path, const std::string& content, Storage storage) {
    const std::lock_guard lock(mutex_);
    files_[path] = {content, storage};
}

void HubServer::remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    files_.erase(path);
}

void HubServer::misbehave(const std::string& part, const Fault& fault, int times) {
    const std::lock_guard lock(mutex_);
    faults_.push_back({part, fault, times});
}

void HubServer::require_token(const std::string& token) {
    const std::lock_guard lock(mutex_);
    token_ = token;
}

std::vector<SeenRequest> HubServer::requests() const { return requests(""); }

std::vector<SeenRequest> HubServer::requests(const std::string& part) const {
    const std::lock_guard lock(mutex_);
    std::vector<SeenRequest> found;
    for (const SeenRequest& request : requests_)
        if (request.path.find(part) != std::string::npos) found.push_back(request);
    return found;
}

void HubServer::forget_requests() {
    const std::lock_guard lock(mutex_);
    requests_.clear();
}

std::string HubServer::listing() const {
    nlohmann::json answer{{"id", kRepository}, {"sha", kCommit}, {"siblings", nlohmann::json::array()}};
    for (const auto& [path, file] : files_) {
        nlohmann::json sibling{
            {"rfilename", path}, {"size", file.content.size()}, {"blobId", git_sha1(file.content)}};
        if (file.storage == Storage::large)
            sibling["lfs"] = {
                {"sha256", sha256_hex(file.content)}, {"size", file.content.size()}, {"pointerSize", 134}};
        answer["siblings"].push_back(sibling);
    }
    return answer.dump();
}

void HubServer::answer(int socket) {
    Connection connection(*this, socket);
    if (!connection.read()) return;
    const SeenRequest& request = connection.request();
    std::unique_lock lock(mutex_);
    requests_.push_back(request);
    std::optional<Fault> fault;
    for (Planned& planned : faults_)
        if (planned.times != 0 && !fault && request.path.find(planned.part) != std::string::npos) {
            if (planned.times > 0) --planned.times;
            fault = planned.fault;
        }
    const std::string repository = std::string("/") + kRepository;
    const std::string list = std::string("/api/models") + repository + "/revision/main?blobs=true";
    const std::string wanted = after(request.path, repository + "/resolve/" + kCommit + "/");
    const std::string stored = after(request.path, "/store/");
    const std::string raw = after(request.path, "/raw/");
    const auto found = files_.find(!wanted.empty() ? wanted : !stored.empty() ? stored : raw);
    const std::optional<Stored> file = found == files_.end() ? std::nullopt : std::optional(found->second);
    const std::string text = request.path == list ? listing() : "";
    const auto authorization = request.headers.find("authorization");
    const bool allowed =
        token_.empty() || !stored.empty() ||
        (authorization != request.headers.end() && authorization->second == "Bearer " + token_);
    lock.unlock();

    if (fault && (fault->kind == Fault::Kind::status || fault->kind == Fault::Kind::redirect))
        return connection.whole(fault->status, "", fault->headers);
    if (!allowed) return connection.whole(401, "", {{"X-Error-Code", "RepoNotFound"}});
    if (!text.empty()) return connection.whole(200, text);
    if (!file)
        return connection.whole(404, "",
                                {{"X-Error-Code", wanted.empty() ? "RepoNotFound" : "EntryNotFound"}});
    const std::string sha = "\"" + sha256_hex(file->content) + "\"";
    if (wanted.empty()) return connection.content(file->content, sha, fault ? &*fault : nullptr);
    if (file->storage == Storage::large)
        return connection.whole(
            302, "",
            {{"Location", "http://localhost:" + std::to_string(port()) + "/store/" + wanted},
             {"X-Linked-Etag", sha},
             {"X-Linked-Size", std::to_string(file->content.size())}});
    connection.whole(307, "", {{"Location", "/raw/" + wanted}});
}

}  // namespace stillreel::testing
