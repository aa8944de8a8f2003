#include "base/machine.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "support/scratch.h"

namespace stillreel {
namespace {

/// A system's files as the kernel shows them.
class System {
  public:
    void write(const std::string& file, const std::string& text) const {
        const std::filesystem::path path = scratch_ / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    std::uint64_t total() const { return total_memory_bytes(scratch_.path()); }
    std::uint64_t free() const { return free_memory_bytes(scratch_.path()); }

  private:
    testing::ScratchFolder scratch_;
};

TEST(FreeMemory, IsWhatTheKernelCallsAvailable) {
    const System system;
    EXPECT_EQ(system.free(), std::numeric_limits<std::uint64_t>::max());
    system.write("proc/meminfo", "MemTotal:  1000 kB\nMemFree:  10 kB\nMemAvailable:     600 kB\n");
    EXPECT_EQ(system.free(), 600u * 1024);
    EXPECT_EQ(system.total(), 1000u * 1024);
    EXPECT_GT(free_memory_bytes(), 1u << 20);
}

TEST(FreeMemory, IsLimitedByTheTightestOfTheControlGroups) {
    const System two;
    two.write("proc/meminfo", "MemAvailable: 9000 kB\n");
    two.write("proc/self/cgroup", "0::/user/job\n");
    two.write("sys/fs/cgroup/user/job/memory.max", "max\n");
    two.write("sys/fs/cgroup/user/job/memory.current", "1000\n");
    EXPECT_EQ(two.free(), 9000u * 1024);
    two.write("sys/fs/cgroup/user/memory.max", "500000\n");
    two.write("sys/fs/cgroup/user/memory.current", "200000\n");
    two.write("sys/fs/cgroup/user/memory.stat", "anon 1\ninactive_file 50000\n");
    EXPECT_EQ(two.free(), 350000u);
    EXPECT_EQ(two.total(), 500000u);

    const System one;
    one.write("proc/meminfo", "MemAvailable: 9000 kB\n");
    one.write("proc/self/cgroup", "3:cpu,cpuacct:/\n2:memory:/docker/x\n");
    one.write("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "300000\n");
    one.write("sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes", "310000\n");
    EXPECT_EQ(one.free(), 0u);
    EXPECT_EQ(one.total(), 300000u);
}

TEST(Machine, TellsOfThisProcessAndItsDisk) {
    const ProcessFacts facts = process_facts();
    EXPECT_GT(facts.resident_bytes, 1u << 20);
    EXPECT_GT(facts.virtual_bytes, facts.resident_bytes);
    EXPECT_GE(facts.threads, 1);
    EXPECT_GE(facts.open_files, 3);
    EXPECT_GE(facts.cpu_seconds, 0);
    EXPECT_GT(peak_rss_bytes(), 1u << 20);
    EXPECT_GE(total_memory_bytes(), free_memory_bytes());
    EXPECT_GT(disk_bytes("/"), 1u << 20);
    EXPECT_EQ(disk_bytes("/not/there/yet"), disk_bytes("/"));
}

}  // namespace
}  // namespace stillreel
