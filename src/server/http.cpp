#include "server/http.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "studio/field_error.h"

namespace stillreel::server {
namespace {

[[noreturn]] void no_such_file() { throw Error(ErrorCode::not_found, "there is no such file"); }

/// One step of a path: neither empty nor a way out.
bool is_plain_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("\\/\0", 3)) == std::string_view::npos;
}

class Descriptor {
  public:
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { replace(-1); }
    void replace(int value) {
        if (value_ >= 0) ::close(value_);
        value_ = value;
    }
    int value() const { return value_; }
    int release() { return std::exchange(value_, -1); }

  private:
    int value_;
};

}  // namespace

std::string_view Request::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (key == name) return value;
    return {};
}

int Request::count(std::string_view name) const {
    return static_cast<int>(std::count_if(headers.begin(), headers.end(),
                                          [&](const auto& field) { return field.first == name; }));
}

OpenFile::~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::shared_ptr<OpenFile> open_inside(const std::filesystem::path& root, std::string_view name) {
    Descriptor at(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (at.value() < 0) no_such_file();
    for (;;) {
        const auto slash = name.find('/');
        const std::string step(name.substr(0, slash));
        if (!is_plain_name(step)) no_such_file();
        const bool last = slash == std::string_view::npos;
        // O_NONBLOCK: a pipe that somebody put there must not hold this thread up.
        const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (last ? O_NONBLOCK : O_DIRECTORY);
        at.replace(::openat(at.value(), step.c_str(), flags));
        if (at.value() < 0) no_such_file();
        if (last) break;
        name.remove_prefix(slash + 1);
    }
    struct stat facts {};
    if (::fstat(at.value(), &facts) != 0 || !S_ISREG(facts.st_mode)) no_such_file();
    const std::int64_t modified_ns = facts.st_mtim.tv_sec * 1'000'000'000ll + facts.st_mtim.tv_nsec;
    return std::make_shared<OpenFile>(at.release(), static_cast<std::uint64_t>(facts.st_size), modified_ns);
}

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::corrupt_data:
            return 422;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::unsupported:
            return 415;
        case ErrorCode::cancelled:
        case ErrorCode::busy:
            return 409;
        case ErrorCode::unauthorized:
            return 401;
        case ErrorCode::out_of_memory:
            return 507;
        case ErrorCode::io:
            return 500;
    }
    return 500;
}

std::string_view reason_of(int status) {
    static const std::map<int, std::string_view> reasons = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {507, "Insufficient Storage"},
    };
    const auto found = reasons.find(status);
    return found == reasons.end() ? "Unknown" : found->second;
}

void answering(const Reply& reply, const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::io) log::error(error.what());
        reply(problem(error));
    } catch (const std::bad_alloc&) {
        reply(problem(Error(ErrorCode::out_of_memory, "the server is out of memory: try again later")));
    } catch (const std::exception& error) {
        log::error(fmt::format("uncaught in a request: {}", error.what()));
        reply(problem(Error(ErrorCode::io, "the server made a mistake: its log says more")));
    }
}

Response json_response(int status, std::string body, Headers headers) {
    headers.emplace_back("Content-Type", "application/json");
    return {status, std::move(headers), std::move(body), {}, {}};
}

Response problem(const Error& error) {
    const auto* refusal = dynamic_cast<const Refusal*>(&error);
    const int status = refusal ? refusal->status() : status_of(error.code());
    nlohmann::ordered_json body = {{"type", "about:blank"},
                                   {"title", reason_of(status)},
                                   {"status", status},
                                   {"detail", error.what()},
                                   {"code", name_of(error.code())}};
    if (const auto* named = dynamic_cast<const studio::FieldError*>(&error)) body["field"] = named->field();
    Response response{status, refusal ? refusal->headers() : Headers{}, "", {}, {}};
    response.headers.emplace_back("Content-Type", "application/problem+json");
    response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    return response;
}

}  // namespace stillreel::server
