#include "weights/hub_endpoint.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/throws.h"

namespace stillreel::weights {
namespace {

/// The environment of one test.
class Endpoint : public ::testing::Test {
  protected:
    Endpoint() { clear(); }
    ~Endpoint() override { clear(); }
    static void clear() {
        for (const char* name : {"HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"}) unsetenv(name);
    }
};

TEST_F(Endpoint, IsTheHubUnlessAMirrorIsNamed) {
    EXPECT_EQ(hub_endpoint().url, "https://huggingface.co");
    setenv("HF_ENDPOINT", "https://mirror.example/hub/", 1);
    EXPECT_EQ(hub_endpoint().url, "https://mirror.example/hub");
}

TEST_F(Endpoint, PlainHttpIsForThisMachineAlone) {
    for (const char* fine : {"http://localhost:8000", "http://127.0.0.1", "http://[::1]:80"}) {
        setenv("HF_ENDPOINT", fine, 1);
        EXPECT_EQ(hub_endpoint().url, fine);
    }
    for (const char* bad :
         {"http://mirror.example", "http://127.0.0.1.example", "http://127.example",
          "http://localhost.example", "ftp://mirror.example", "file:///tmp", "mirror.example", "/"}) {
        setenv("HF_ENDPOINT", bad, 1);
        EXPECT_ERROR(hub_endpoint(), ErrorCode::invalid_argument, "only https");
    }
}

TEST_F(Endpoint, OfflineIsReadLikeTheHubsToolsReadIt) {
    EXPECT_EQ(hub_endpoint().network, Network::allowed);
    for (const char* on : {"1", "true", "YES", "On"}) {
        setenv("HF_HUB_OFFLINE", on, 1);
        EXPECT_EQ(hub_endpoint().network, Network::forbidden) << on;
    }
    setenv("HF_HUB_OFFLINE", "0", 1);
    EXPECT_EQ(hub_endpoint().network, Network::allowed);
}

TEST_F(Endpoint, ATokenCannotSmuggleHeaders) {
    setenv("HF_TOKEN", "hf_x\r\nHost: evil", 1);
    EXPECT_ERROR(hub_endpoint(), ErrorCode::invalid_argument, "HF_TOKEN");
    try {
        hub_endpoint();
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find("hf_x"), std::string::npos);
    }
}

TEST(Repository, HasAnOwnerAndAName) {
    EXPECT_EQ(repository_of("i2vgen-xl"), "ali-vilab/i2vgen-xl");
    EXPECT_EQ(repository_of("someone/My_Model-1.0"), "someone/My_Model-1.0");
    EXPECT_EQ(name_of_repository("someone/My_Model-1.0"), "My_Model-1.0");
    for (const char* bad :
         {"", "x", "a/b/c", "../x", "a/..", "a/.hidden", "a b/c", "https://huggingface.co/a/b", "/a", "a/"})
        EXPECT_ERROR(repository_of(bad), ErrorCode::invalid_argument, "OWNER/NAME");
}

}  // namespace
}  // namespace stillreel::weights
