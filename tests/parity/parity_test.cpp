// stillreel-parity must be able to fail: on a number that is off, on an output that nobody makes, on a
// component that stillreel does not have.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "support/process.h"
#include "support/scratch.h"

namespace stillreel {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Parity : public ::testing::Test {
  protected:
    testing::ScratchFolder scratch_;
    fs::path folder_ = scratch_ / "set" / "cases" / "scheduler-euler-n5";

    void SetUp() override {
        fs::create_directories(folder_.parent_path());
        fs::copy(fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/cases/scheduler-euler-n5", folder_);
    }

    json about() const { return json::parse(std::ifstream(folder_ / "case.json")); }
    void rewrite(const json& about) const { std::ofstream(folder_ / "case.json") << about; }

    /// Another name of the same length for a tensor of io.safetensors.
    void rename_tensor(const std::string& from, const std::string& to) const {
        ASSERT_EQ(from.size(), to.size());
        std::ifstream in(folder_ / "io.safetensors", std::ios::binary);
        std::string bytes(std::istreambuf_iterator<char>(in), {});
        const auto at = bytes.find("\"" + from + "\"");
        ASSERT_NE(at, std::string::npos);
        bytes.replace(at + 1, to.size(), to);
        std::ofstream(folder_ / "io.safetensors", std::ios::binary) << bytes;
    }

    testing::Finished run() const {
        testing::ProcessOptions options;
        options.folder = scratch_.path();
        return testing::Process({STILLREEL_BINARY_DIR "/bin/stillreel-parity", folder_.string()}, options)
            .wait();
    }
};

TEST_F(Parity, AWholeCasePasses) {
    const auto finished = run();
    EXPECT_EQ(finished.exit_code, 0) << finished.out;
    EXPECT_NE(finished.out.find("1 cases passed, 0 failed"), std::string::npos) << finished.out;
    EXPECT_NE(finished.out.find("out.prev_sample.0"), std::string::npos) << finished.out;
}

TEST_F(Parity, ANumberThatIsOffFails) {
    json about = this->about();
    about["params"]["scheduler_config"]["beta_end"] = 0.021;
    about["params"]["scheduler_config"]["beta_schedule"] = "linear";
    rewrite(about);
    const auto finished = run();
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_NE(finished.out.find("FAIL out."), std::string::npos) << finished.out;
}

TEST_F(Parity, AnOutputThatNobodyMakesFails) {
    rename_tensor("out.prev_sample.0", "out.best_sample.0");
    json about = this->about();
    about["tolerance"]["out.best_sample.0"] = {{"atol", 1000.0}};
    rewrite(about);
    const auto finished = run();
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_NE(finished.out.find("FAIL out.best_sample.0"), std::string::npos) << finished.out;
}

TEST_F(Parity, AnOutputWithoutAToleranceFails) {
    json about = this->about();
    about["tolerance"].erase("out.timesteps");
    rewrite(about);
    EXPECT_EQ(run().exit_code, 1);
}

TEST_F(Parity, AnUnknownComponentFails) {
    json about = this->about();
    about["component"] = "hologram";
    rewrite(about);
    const auto finished = run();
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_NE(finished.out.find("component hologram"), std::string::npos) << finished.out;
}

TEST_F(Parity, ADamagedCaseFailsWithOneSentence) {
    fs::resize_file(folder_ / "io.safetensors", 100);
    const auto finished = run();
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_NE(finished.out.find("io.safetensors"), std::string::npos) << finished.out;
}

}  // namespace
}  // namespace stillreel
