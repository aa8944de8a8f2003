// AppTest beside a small Hub that has the tiny model of tests/goldens.
#pragma once

#include "app_fixture.h"
#include "weights/hub_server.h"

namespace stillreel::app {

class HubAppTest : public AppTest {
  protected:
    HubAppTest() {
        for (const auto& entry : fs::recursive_directory_iterator(source())) {
            if (!entry.is_regular_file()) continue;
            const std::string path = fs::relative(entry.path(), source()).string();
            const bool large = path.ends_with(".safetensors");
            server_.add(path, bytes(entry.path()),
                        large ? stillreel::testing::HubServer::Storage::large
                              : stillreel::testing::HubServer::Storage::git);
        }
        server_.add("README.md", "not needed", stillreel::testing::HubServer::Storage::git);
    }

    static fs::path source() { return fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl"; }
    fs::path models() const { return home() / "models"; }
    fs::path root() const { return models() / "i2vgen-xl"; }

    stillreel::testing::ProcessOptions with_hub() const {
        stillreel::testing::ProcessOptions chosen = options();
        chosen.environment["HF_ENDPOINT"] = server_.url();
        chosen.environment["HF_HUB_CACHE"] = (home() / "cache").string();
        chosen.environment["HF_TOKEN"] = "";
        chosen.environment["HF_HUB_OFFLINE"] = "";
        return chosen;
    }

    stillreel::testing::HubServer server_;
};

}  // namespace stillreel::app
