#include "weights/packed_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <numeric>

#include "base/threads.h"
#include "support/scratch.h"

namespace stillreel::weights {
namespace {

using testing::ScratchFolder;

struct Numbers final : tensor::Packed {
    std::vector<std::byte> small, large;

    explicit Numbers(std::size_t size) : small(7), large(size) { bytes = small.size() + large.size(); }
    std::vector<std::span<std::byte>> arrays() override { return {small, large}; }
    void fill() {
        for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i * 31 + i / 257);
        small.assign(small.size(), std::byte{9});
    }
    bool blank() const {
        return std::ranges::all_of(large, [](std::byte b) { return b == std::byte{}; }) &&
               std::ranges::all_of(small, [](std::byte b) { return b == std::byte{}; });
    }
};

class PackedCacheTest : public ::testing::Test {
  protected:
    static constexpr std::size_t kSizes[] = {100, 3'500'000, 1 << 20};

    PackedCacheRequest request(const std::string& key = "one") {
        return {file_,
                "unet of toy",
                key,
                5'000'000,
                [this](const std::string& line) { notes_.push_back(line); },
                [](const fs::path&) { return std::uint64_t{1} << 40; }};
    }

    /// One run: which of the weights came from the cache. All numbers are right afterwards.
    std::vector<bool> run(PackedCacheRequest request) {
        notes_.clear();
        std::vector<bool> restored;
        PackedCache cache(std::move(request));
        for (const std::size_t size : kSizes) {
            Numbers expected(size), got(size);
            expected.fill();
            restored.push_back(cache.restore(got, pool_));
            if (!restored.back()) {
                EXPECT_TRUE(got.blank());
                got.fill();
                cache.keep(got, pool_);
            }
            EXPECT_EQ(got.large, expected.large);
            EXPECT_EQ(got.small, expected.small);
        }
        cache.finish();
        return restored;
    }
    std::vector<bool> run() { return run(request()); }
    std::string noted() const { return std::accumulate(notes_.begin(), notes_.end(), std::string()); }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_.path()), {}));
    }

    void change_byte(std::uint64_t at) const {
        std::fstream file(file_, std::ios::binary | std::ios::in | std::ios::out);
        file.seekg(static_cast<std::streamoff>(at));
        const char byte = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(at));
        file.put(byte);
    }

    const std::vector<bool> none_{false, false, false}, all_{true, true, true};
    ScratchFolder folder_;
    fs::path file_ = folder_ / "toy.packed";
    ThreadPool pool_{2};
    std::vector<std::string> notes_;
};

TEST_F(PackedCacheTest, TheSecondRunGetsWhatTheFirstOneKept) {
    EXPECT_EQ(run(), none_);
    EXPECT_NE(noted().find("5.0 MB"), std::string::npos) << noted();
    EXPECT_EQ(run(), all_);
    EXPECT_EQ(noted(), "");
    const auto files = packed_cache_files(folder_.path());
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files[0].title, "unet of toy");
    EXPECT_EQ(files[0].bytes, fs::file_size(file_));
}

TEST_F(PackedCacheTest, AnotherModelOrMachineMakesItStale) {
    run();
    EXPECT_EQ(run(request("two")), none_);
    EXPECT_NE(noted().find("another version of the model"), std::string::npos) << noted();
    EXPECT_EQ(run(request("two")), all_);
}

TEST_F(PackedCacheTest, ADamagedByteAnywhereIsFoundAndTheFileReplaced) {
    run();
    const std::uint64_t size = fs::file_size(file_);
    for (const std::uint64_t at :
         {std::uint64_t{3}, std::uint64_t{40}, std::uint64_t{4096}, std::uint64_t{3'000'000}, size - 5}) {
        change_byte(at);
        EXPECT_NE(run(), all_) << at;
        EXPECT_NE(noted(), "") << at;
        run();  // where the damage showed itself late, this one writes
        EXPECT_EQ(run(), all_) << at;
    }
}

TEST_F(PackedCacheTest, AFileThatWasCutIsReplaced) {
    run();
    for (const std::uint64_t left : {std::uint64_t{0}, std::uint64_t{50}, std::uint64_t{2'000'000}}) {
        fs::resize_file(file_, left);
        EXPECT_EQ(run(), none_) << left;
        EXPECT_EQ(run(), all_) << left;
    }
}

TEST_F(PackedCacheTest, OtherSizesUnderTheSameKeyAreNotUsed) {
    run();
    PackedCache cache(request());
    Numbers other(kSizes[0] + 1);
    EXPECT_FALSE(cache.restore(other, pool_));
    EXPECT_TRUE(other.blank());
    EXPECT_FALSE(fs::exists(file_));
}

TEST_F(PackedCacheTest, WithoutRoomNothingIsKept) {
    PackedCacheRequest full = request();
    full.free_space = [](const fs::path&) { return std::uint64_t{4'999'999}; };
    EXPECT_EQ(run(full), none_);
    EXPECT_NE(noted().find("need 5.0 MB"), std::string::npos) << noted();
    EXPECT_EQ(files(), 0u);
}

TEST_F(PackedCacheTest, ARunThatIsStoppedLeavesNothing) {
    {
        PackedCache cache(request());
        Numbers some(kSizes[0]);
        cache.keep(some, pool_);
    }
    EXPECT_EQ(files(), 0u);
}

TEST_F(PackedCacheTest, WhatAnotherProcessIsWritingIsLeftToIt) {
    PackedCache first(request());
    EXPECT_EQ(run(), none_);
    Numbers some(kSizes[0]);
    first.keep(some, pool_);
    first.finish();
    EXPECT_EQ(packed_cache_files(folder_.path()).size(), 1u);
}

TEST_F(PackedCacheTest, WeightsThatDoNotShowAllTheirArraysAreAlwaysPacked) {
    run();
    Numbers secretive(kSizes[0]);
    secretive.bytes += 1;
    PackedCache cache(request());
    EXPECT_FALSE(cache.restore(secretive, pool_));
    EXPECT_TRUE(secretive.blank());
}

}  // namespace
}  // namespace stillreel::weights
