#include "base/network_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace stillreel {
namespace {

struct Range4 {
    std::uint32_t first;
    int bits;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry, with multicast and the reserved end.
constexpr Range4 kSpecial4[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // shared: carriers' NAT
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, the clouds' metadata among it
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved, broadcast
};

using Bytes16 = std::array<std::uint8_t, 16>;

struct Range6 {
    Bytes16 first;
    int bits;
};

// Of 2000::/3, all that is in use: https://www.iana.org/assignments/iana-ipv6-special-registry.
constexpr Range6 kSpecial6[] = {
    {{0x20, 0x01, 0x00}, 23},        // protocol assignments, Teredo
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x20, 0x02}, 16},              // 6to4: an IPv4 address inside
    {{0x3f, 0xff}, 20},              // documentation
};
constexpr Range6 kInUse6{{0x20}, 3};
constexpr Range6 kNat64{{0x00, 0x64, 0xff, 0x9b}, 96};

bool contains(const Range6& range, const Bytes16& address) {
    for (int bit = 0; bit < range.bits; ++bit) {
        const auto byte = static_cast<std::size_t>(bit / 8);
        const int mask = 0x80 >> (bit % 8);
        if ((range.first[byte] & mask) != (address[byte] & mask)) return false;
    }
    return true;
}

bool is_public(std::uint32_t address) {
    return std::none_of(std::begin(kSpecial4), std::end(kSpecial4), [&](const Range4& range) {
        return (address ^ range.first) >> (32 - range.bits) == 0;
    });
}

bool is_public(const Bytes16& address) {
    if (contains(kNat64, address)) {
        std::uint32_t inside = 0;
        std::memcpy(&inside, &address[12], sizeof inside);
        return is_public(ntohl(inside));
    }
    return contains(kInUse6, address) &&
           std::none_of(std::begin(kSpecial6), std::end(kSpecial6),
                        [&](const Range6& range) { return contains(range, address); });
}

Bytes16 bytes_of(const in6_addr& address) {
    Bytes16 bytes;
    std::memcpy(bytes.data(), &address, bytes.size());
    return bytes;
}

}  // namespace

bool is_public_address(const sockaddr& address) {
    if (address.sa_family == AF_INET)
        return is_public(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
    if (address.sa_family == AF_INET6)
        return is_public(bytes_of(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr));
    return false;
}

std::optional<bool> is_public_address(const std::string& text) {
    in_addr v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return is_public(ntohl(v4.s_addr));
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    std::string bare = bracketed ? text.substr(1, text.size() - 2) : text;
    bare = bare.substr(0, bare.find('%'));  // a zone is this machine's business
    in6_addr v6{};
    if (inet_pton(AF_INET6, bare.c_str(), &v6) == 1) return is_public(bytes_of(v6));
    return std::nullopt;
}

std::string address_text(const sockaddr& address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address.sa_family == AF_INET)
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
    else if (address.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof text);
    return text;
}

}  // namespace stillreel
