// Which IP addresses belong to the open internet, and which to this machine, this network or nobody.
#pragma once

#include <optional>
#include <string>

struct sockaddr;

namespace stillreel {

/// False for loopback, private, shared (CGNAT), link-local, multicast, documentation, benchmark and every
/// other special range of IANA's registries (RFC 6890 and its successors), for IPv4 in IPv6's clothes
/// (mapped, 6to4, Teredo; behind NAT64's prefix the IPv4 address counts), and for other families.
bool is_public_address(const sockaddr& address);

/// The same for a literal such as "10.0.0.1", "::1" or "[::1]"; none when `text` is no IP address.
std::optional<bool> is_public_address(const std::string& text);

/// "10.0.0.1", "::1".
std::string address_text(const sockaddr& address);

}  // namespace stillreel
