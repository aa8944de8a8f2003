#include "base/network_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace stillreel {
namespace {

TEST(NetworkAddress, OfTheOpenInternetIsPublic) {
    for (const char* open :
         {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
          "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
          "223.255.255.255", "2606:4700:4700::1111", "[2001:4860:4860::8888]", "64:ff9b::808:808"})
        EXPECT_EQ(is_public_address(std::string(open)), true) << open;
}

TEST(NetworkAddress, OfThisMachineItsNetworkOrNobodyIsNot) {
    for (const char* closed :
         {"0.0.0.0",         "0.1.2.3",        "10.0.0.1",        "10.255.255.255",  "100.64.0.1",
          "100.127.255.255", "127.0.0.1",      "127.255.255.255", "169.254.169.254", "172.16.0.1",
          "172.31.255.255",  "192.0.0.8",      "192.0.2.1",       "192.88.99.1",     "192.168.1.1",
          "198.18.0.1",      "198.19.255.255", "198.51.100.7",    "203.0.113.9",     "224.0.0.1",
          "239.255.255.255", "240.0.0.1",      "255.255.255.255"})
        EXPECT_EQ(is_public_address(std::string(closed)), false) << closed;
    for (const char* closed : {"::",
                               "::1",
                               "[::1]",
                               "::ffff:127.0.0.1",
                               "::ffff:8.8.8.8",
                               "::127.0.0.1",
                               "64:ff9b::7f00:1",
                               "64:ff9b::a9fe:a9fe",
                               "64:ff9b:1::1",
                               "100::1",
                               "fc00::1",
                               "fd12:3456::1",
                               "fe80::1",
                               "fe80::1%eth0",
                               "fec0::1",
                               "ff02::1",
                               "2001::1",
                               "2001:db8::1",
                               "2002:7f00:1::",
                               "3fff::1",
                               "4000::1"})
        EXPECT_EQ(is_public_address(std::string(closed)), false) << closed;
}

TEST(NetworkAddress, ANameIsNone) {
    for (const char* name : {"localhost", "example.org", "127.0.0.1.example", "", "127.1", "2130706433",
                             "0x7f000001", "0177.0.0.1", "[", "1.2.3.4.5"})
        EXPECT_FALSE(is_public_address(std::string(name)).has_value()) << name;
}

TEST(NetworkAddress, IsReadFromWhatIsConnectedTo) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(0x08080808);
    EXPECT_TRUE(is_public_address(reinterpret_cast<const sockaddr&>(v4)));
    v4.sin_addr.s_addr = htonl(0x0a000001);
    EXPECT_FALSE(is_public_address(reinterpret_cast<const sockaddr&>(v4)));
    EXPECT_EQ(address_text(reinterpret_cast<const sockaddr&>(v4)), "10.0.0.1");
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    EXPECT_FALSE(is_public_address(reinterpret_cast<const sockaddr&>(v6)));
    EXPECT_EQ(address_text(reinterpret_cast<const sockaddr&>(v6)), "::1");
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    EXPECT_FALSE(is_public_address(reinterpret_cast<const sockaddr&>(local)));
}

}  // namespace
}  // namespace stillreel
