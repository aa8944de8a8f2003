// A whole clip at the published size, with random weights: from a model folder on disk to an MP4, within the
// memory that --dry-run promised and never above 8 GiB.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/file.h"
#include "base/machine.h"
#include "support/process.h"
#include "support/scratch.h"

namespace stillreel {
namespace {

using nlohmann::json;

constexpr std::uint64_t kModelBytes = std::uint64_t{6} << 30;
constexpr std::uint64_t kNeededMemory = std::uint64_t{9} << 30;
constexpr std::uint64_t kMemoryLimit = std::uint64_t{8} << 30;
// The estimate's own promise.
constexpr double kEstimateTolerance = 0.05;

class FullSizeClip : public ::testing::Test {
  protected:
    testing::ScratchFolder scratch_;

    testing::Finished run(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), STILLREEL_BINARY_DIR "/bin/stillreel");
        testing::ProcessOptions options;
        options.folder = scratch_.path();
        options.environment = {{"STILLREEL_HOME", (scratch_ / "home").string()}};
        return testing::Process(arguments, options).wait(std::chrono::seconds(1800));
    }

    std::vector<std::string> clip(const std::vector<std::string>& more) const {
        std::vector<std::string> arguments{"generate", STILLREEL_SOURCE_DIR "/examples/rainy_street.jpg",
                                           "-p",       "a man turns his head",
                                           "--engine", "i2vgen-xl",
                                           "--model",  (scratch_ / "model").string(),
                                           "--size",   "256",
                                           "--aspect", "1:1",
                                           "--frames", "8",
                                           "--steps",  "2",
                                           "--seed",   "1",
                                           "-o",       "clip.mp4"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }

    /// The event of this name among the lines that --json prints.
    static json event(const std::string& lines, const std::string& name) {
        std::istringstream in(lines);
        for (std::string line; std::getline(in, line);)
            if (const json object = json::parse(line, nullptr, false); object.value("event", "") == name)
                return object;
        return {};
    }
};

/// Of the largest child that has ended.
std::uint64_t peak_rss_of_children() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

TEST_F(FullSizeClip, IsMadeWithinTheMemoryThatWasEstimated) {
    if (free_bytes(scratch_.path()) < kModelBytes) GTEST_SKIP() << "6 GiB of free disk are needed";
    if (free_memory_bytes() < kNeededMemory) GTEST_SKIP() << "9 GiB of free memory are needed";
    const auto model = run({"models", "random", "--config", "i2vgen-xl", "--dtype", "f16", "model"});
    ASSERT_EQ(model.exit_code, 0) << model.err;
    const auto plan = run(clip({"--dry-run", "--json"}));
    ASSERT_EQ(plan.exit_code, 0) << plan.err;
    const auto made = run(clip({"--json"}));
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_TRUE(fs::exists(scratch_ / "clip.mp4"));
    const std::uint64_t peak = peak_rss_of_children();
    EXPECT_LT(peak, kMemoryLimit);
    const json about = event(plan.out, "plan");
    ASSERT_TRUE(about.contains("cost")) << plan.out;
    const double promised = about["cost"]["peak_bytes"];
    EXPECT_NEAR(static_cast<double>(peak) / promised, 1, kEstimateTolerance)
        << peak << " bytes were used, " << promised << " estimated";
}

}  // namespace
}  // namespace stillreel
