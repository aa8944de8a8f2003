#include "base/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/core.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/network_address.h"

namespace stillreel {
namespace {

constexpr int kMaxRedirects = 10;
constexpr long kStalledBytesPerSecond = 100;
constexpr std::size_t kMaxAnswerToPost = 65'536;

struct UrlFree {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlFree>;

struct ListFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

void start_libcurl() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

/// `text`, seen from `base` when it is relative.
Url parse_url(const std::string& text, const std::string& base = "") {
    Url url(curl_url());
    if (!url) throw std::bad_alloc();
    const bool base_fine =
        base.empty() || curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) == CURLUE_OK;
    if (!base_fine || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
        throw Error(ErrorCode::invalid_argument, fmt::format("\"{}\" is no address (URL)", text));
    return url;
}

std::string part_of(const Url& url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return "";
    std::string copy = text;
    curl_free(text);
    return copy;
}

Origin origin_of(const Url& url) {
    Origin origin{part_of(url, CURLUPART_SCHEME), part_of(url, CURLUPART_HOST),
                  part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT)};
    const auto lower = [](unsigned char c) { return static_cast<char>(std::tolower(c)); };
    std::transform(origin.host.begin(), origin.host.end(), origin.host.begin(), lower);
    return origin;
}

/// Content comes over https, or from this machine; and never over http where it began over https.
void refuse_unsafe(const Origin& next, const Origin& first) {
    const bool plain_here = next.scheme == "http" && is_loopback(next) && first.scheme == "http";
    if (next.scheme == "https" || plain_here) return;
    throw HttpFailure(
        fmt::format("{} leads to {}://{}: only https is followed", first.host, next.scheme, next.host),
        HttpFailure::Cure::none);
}

/// What one transfer tells the callbacks of libcurl.
struct Transfer {
    HttpReply reply;
    bool told = false;
    const std::function<void(const HttpReply&)>* headers = nullptr;
    const std::function<void(std::span<const char>)>* body = nullptr;
    const CancelFlag* cancel = nullptr;
    std::exception_ptr error;
    std::size_t dropped = 0;   // bytes of an answer that nobody reads
    std::string out_of_reach;  // the first address that was refused

    bool successful() const { return reply.status >= 200 && reply.status < 300; }
    void tell() {
        if (std::exchange(told, true)) return;
        if (reply.first.empty()) reply.first = reply.headers;
        if (successful() && *headers) (*headers)(reply);
    }
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    return text;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::string_view line(bytes, count);
    if (line.starts_with("HTTP/")) {  // an interim answer (100) may have come before
        transfer.reply.headers.clear();
        const auto blank = std::min(line.find(' '), line.size());
        const std::string_view code = trimmed(line.substr(blank));
        std::from_chars(code.data(), code.data() + code.size(), transfer.reply.status);
        return count;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return count;
    std::string name(line.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    transfer.reply.headers[name] = trimmed(line.substr(colon + 1));
    return count;
}

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (!transfer.successful()) return count;
    try {
        transfer.tell();
        if (*transfer.body) (*transfer.body)({bytes, count});
        return count;
    } catch (...) {
        transfer.error = std::current_exception();
        return CURL_WRITEFUNC_ERROR;
    }
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& transfer = *static_cast<const Transfer*>(user);
    return transfer.cancel && transfer.cancel->requested() ? 1 : 0;
}

/// An answer that nobody reads: some of it is taken, so that the connection can be used again.
std::size_t on_unwanted_body(char*, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.dropped += count;
    return transfer.dropped > kMaxAnswerToPost ? CURL_WRITEFUNC_ERROR : count;
}

/// Asked with the very address that is about to be connected to, after names were resolved.
curl_socket_t open_public_socket(void* user, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (!is_public_address(address->addr)) {
        if (transfer.out_of_reach.empty()) transfer.out_of_reach = address_text(address->addr);
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// `advice` is what may help when the host cannot be reached; `patience`: "sent nothing ... for 30 s".
[[noreturn]] void throw_failure(CURLcode code, const char* detail, const std::string& host,
                                const std::string& advice, const std::string& patience) {
    using Cure = HttpFailure::Cure;
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            throw HttpFailure(fmt::format("no address is known for {}: is this machine online?{}{}", host,
                                          advice.empty() ? "" : " ", advice),
                              Cure::retry);
        case CURLE_COULDNT_RESOLVE_PROXY:
            throw HttpFailure("no address is known for the proxy: look at https_proxy", Cure::retry);
        case CURLE_COULDNT_CONNECT:
            throw HttpFailure(fmt::format("cannot connect to {}{}", host,
                                          advice.empty() ? "" : fmt::format(" ({})", advice)),
                              Cure::retry);
        case CURLE_OPERATION_TIMEDOUT:
            throw HttpFailure(fmt::format("{} {}", host, patience), Cure::retry);
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_SSL_CONNECT_ERROR:
            throw HttpFailure(fmt::format("the connection to {} broke off", host), Cure::retry);
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            throw HttpFailure(fmt::format("the certificate of {} cannot be trusted ({}): is ca-certificates "
                                          "installed and the clock right?",
                                          host, detail),
                              Cure::none);
        default:
            throw HttpFailure(
                fmt::format("cannot talk to {}: {}", host, *detail ? detail : curl_easy_strerror(code)),
                Cure::none);
    }
}

/// Lines of a request's head, as libcurl wants them.
class HeaderLines {
  public:
    void add(const std::string& line) {
        curl_slist* longer = curl_slist_append(lines_.get(), line.c_str());
        if (!longer) throw std::bad_alloc();
        static_cast<void>(lines_.release());
        lines_.reset(longer);
    }
    curl_slist* list() const { return lines_.get(); }

  private:
    std::unique_ptr<curl_slist, ListFree> lines_;
};

}  // namespace

struct HttpClient::State {
    explicit State(HttpTimeouts limits) : curl(nullptr, &curl_easy_cleanup), timeouts(limits) {
        start_libcurl();
        curl.reset(curl_easy_init());
        if (!curl) throw std::bad_alloc();
        // Networks that look into TLS bring certificates of their own; libcurl itself does not look here.
        if (const char* file = std::getenv("SSL_CERT_FILE"); file && *file) certificates = file;
    }

    template <class Value>
    void set(CURLoption option, Value value) {
        curl_easy_setopt(curl.get(), option, value);
    }
    void begin(const std::string& url, Transfer& transfer);
    void prepare(const std::string& url, const Origin& origin, Transfer& transfer);
    HttpReply post(const HttpPost& message, Transfer transfer);
    HttpReply perform(const HttpRequest& request, const std::string& url, bool with_token, Transfer transfer);

    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl;  // kept: so are its connections
    std::array<char, CURL_ERROR_SIZE> detail{};
    HttpTimeouts timeouts;
    std::string certificates;  // file of trusted ones; empty: the system's
};

/// What all requests have in common.
void HttpClient::State::begin(const std::string& url, Transfer& transfer) {
    detail[0] = 0;
    curl_easy_reset(curl.get());
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "stillreel");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_ERRORBUFFER, detail.data());
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, &transfer);
    if (!certificates.empty()) set(CURLOPT_CAINFO, certificates.c_str());
}

void HttpClient::State::prepare(const std::string& url, const Origin& origin, Transfer& transfer) {
    begin(url, transfer);
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(timeouts.connect_s));
    set(CURLOPT_LOW_SPEED_LIMIT, kStalledBytesPerSecond);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(timeouts.stall_s));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    if (is_loopback(origin)) set(CURLOPT_NOPROXY, "*");
}

HttpReply HttpClient::State::perform(const HttpRequest& request, const std::string& url, bool with_token,
                                     Transfer transfer) {
    const Origin origin = stillreel::origin_of(url);
    transfer.reply.host = origin.host;
    prepare(url, origin, transfer);
    HeaderLines lines;
    if (with_token) lines.add("Authorization: Bearer " + request.token);
    if (request.begin > 0) lines.add(fmt::format("Range: bytes={}-", request.begin));
    if (request.begin > 0 && !request.if_range.empty()) lines.add("If-Range: " + request.if_range);
    set(CURLOPT_HTTPHEADER, lines.list());
    const CURLcode code = curl_easy_perform(curl.get());
    if (transfer.error) std::rethrow_exception(transfer.error);
    if (code == CURLE_ABORTED_BY_CALLBACK) throw Error(ErrorCode::cancelled, "cancelled");
    if (code != CURLE_OK)
        throw_failure(code, detail.data(), origin.host, request.advice,
                      fmt::format("sent nothing worth mentioning for {} s", timeouts.stall_s));
    transfer.tell();  // a body of no bytes
    return transfer.reply;
}

HttpReply HttpClient::State::post(const HttpPost& message, Transfer transfer) {
    const std::string& host = transfer.reply.host;
    begin(message.url, transfer);
    // A proxy would connect to the address in our stead, and ask nobody.
    set(CURLOPT_PROXY, "");
    set(CURLOPT_TIMEOUT, static_cast<long>(message.timeout_s));
    set(CURLOPT_WRITEFUNCTION, &on_unwanted_body);
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, message.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message.body.size()));
    if (message.reach == Reach::public_only) {
        set(CURLOPT_OPENSOCKETFUNCTION, &open_public_socket);
        set(CURLOPT_OPENSOCKETDATA, &transfer);
    }
    HeaderLines lines;
    for (const auto& [name, value] : message.headers) lines.add(name + ": " + value);
    lines.add("Expect:");  // no waiting for "100 Continue"
    set(CURLOPT_HTTPHEADER, lines.list());
    const CURLcode code = curl_easy_perform(curl.get());
    if (code == CURLE_ABORTED_BY_CALLBACK) throw Error(ErrorCode::cancelled, "cancelled");
    const bool said_enough = code == CURLE_WRITE_ERROR && transfer.dropped > kMaxAnswerToPost;
    if (code == CURLE_OK || said_enough) return transfer.reply;
    if (!transfer.out_of_reach.empty())
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("{} is {}, which is no address of the open internet", host, transfer.out_of_reach));
    throw_failure(code, detail.data(), host, "",
                  fmt::format("did not answer within {} s", message.timeout_s));
}

HttpClient::HttpClient(HttpTimeouts timeouts) : state_(std::make_unique<State>(timeouts)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

HttpReply HttpClient::get(const HttpRequest& request, const std::function<void(const HttpReply&)>& headers,
                          const std::function<void(std::span<const char>)>& body, const CancelFlag* cancel) {
    const Origin first = origin_of(request.url);
    std::string url = request.url;
    HttpHeaders first_headers;
    for (int hop = 0; hop <= kMaxRedirects; ++hop) {
        const Origin here = origin_of(url);
        refuse_unsafe(here, first);
        Transfer transfer;
        transfer.headers = &headers;
        transfer.body = &body;
        transfer.cancel = cancel;
        transfer.reply.first = first_headers;
        const bool with_token = !request.token.empty() && here == first;
        HttpReply reply = state_->perform(request, url, with_token, std::move(transfer));
        if (hop == 0) first_headers = reply.headers;
        const auto location = reply.headers.find("location");
        if (reply.status < 301 || reply.status > 308 || reply.status == 304 ||
            location == reply.headers.end())
            return reply;
        url = part_of(parse_url(location->second, url), CURLUPART_URL);
    }
    throw HttpFailure(fmt::format("{} redirects in circles", first.host), HttpFailure::Cure::none);
}

HttpReply HttpClient::post(const HttpPost& message, const CancelFlag* cancel) {
    const Origin origin = origin_of(message.url);
    if (origin.scheme != "http" && origin.scheme != "https")
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{}:// is not spoken here: only http and https are", origin.scheme));
    Transfer transfer;
    transfer.reply.host = origin.host;
    transfer.cancel = cancel;
    return state_->post(message, std::move(transfer));
}

Origin origin_of(const std::string& url) { return origin_of(parse_url(url)); }

bool is_loopback(const Origin& origin) {
    if (origin.host == "localhost" || origin.host == "[::1]") return true;
    in_addr address{};  // the name 127.example.org is another machine
    return inet_pton(AF_INET, origin.host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

std::string percent_encoded(const std::string& text) {
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = byte < 0x80 && std::isalnum(byte);
        if (plain || std::string_view("-._~/").find(c) != std::string_view::npos)
            encoded += c;
        else
            encoded += fmt::format("%{:02X}", byte);
    }
    return encoded;
}

}  // namespace stillreel
