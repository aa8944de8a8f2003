// What is said of the engines: which can make a clip now, and what the others lack.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "studio/catalogue.h"
#include "studio/generator.h"
#include "support/scratch.h"

namespace stillreel::studio {
namespace {

namespace fs = std::filesystem;

class EnginesTest : public ::testing::Test {
  protected:
    EnginesTest() {
        ::setenv("STILLREEL_HOME", (scratch_ / "home").c_str(), 1);
        ::setenv("HF_HUB_CACHE", (scratch_ / "hub").c_str(), 1);
    }
    ~EnginesTest() override {
        ::unsetenv("STILLREEL_HOME");
        ::unsetenv("HF_HUB_CACHE");
    }

    fs::path model(const std::string& name) const { return scratch_ / "home" / "models" / name; }
    void install(const std::string& name) const {
        fs::create_directories(model(name).parent_path());
        fs::copy(fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl", model(name),
                 fs::copy_options::recursive);
    }
    nlohmann::json i2vgen() const { return nlohmann::json::parse(engines_json(engines)).at(1); }

    testing::ScratchFolder scratch_;
    const EngineRegistry engines = standard_engines();
};

TEST_F(EnginesTest, WithoutWeightsAnEngineSaysSoAndWhatHelps) {
    EXPECT_EQ(i2vgen().at("name"), "i2vgen-xl");
    EXPECT_EQ(i2vgen().at("available"), false);
    const std::string reason = i2vgen().at("reason");
    EXPECT_NE(reason.find("stillreel models pull ali-vilab/i2vgen-xl"), std::string::npos) << reason;
    EXPECT_EQ(reason.find(scratch_.path().string()), std::string::npos) << reason;
    EXPECT_EQ(engines.find("auto").name(), "animatic");
}

TEST_F(EnginesTest, WeightsThatComeAreNoticedAndSoIsTheirLoss) {
    EXPECT_EQ(i2vgen().at("available"), false);
    install("i2vgen-xl");
    EXPECT_EQ(i2vgen().at("available"), true);
    EXPECT_EQ(i2vgen().at("reason"), "");
    EXPECT_EQ(engines.find("auto").name(), "animatic") << "never taken unasked";
    fs::remove(model("i2vgen-xl") / "unet/diffusion_pytorch_model.safetensors");
    EXPECT_EQ(i2vgen().at("available"), false);
}

TEST_F(EnginesTest, AModelOfAnotherNameIsOfferedAndCanBeNamed) {
    install("tiny");
    EXPECT_EQ(i2vgen().at("available"), false);
    const std::string reason = i2vgen().at("reason");
    EXPECT_NE(reason.find("a model that is here: tiny"), std::string::npos) << reason;
    EXPECT_EQ(engines.find("i2vgen-xl").name(), "i2vgen-xl") << "the spec may name that model";
}

TEST_F(EnginesTest, ADamagedModelIsNotReady) {
    install("i2vgen-xl");
    fs::remove(model("i2vgen-xl") / "unet/config.json");
    EXPECT_EQ(i2vgen().at("available"), false);
    EXPECT_FALSE(i2vgen().at("reason").get<std::string>().empty());
}

}  // namespace
}  // namespace stillreel::studio
