#include "weights/hub_pull.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "base/clock.h"
#include "base/name_claim.h"
#include "media/full_disk.h"
#include "support/scratch.h"
#include "support/throws.h"
#include "weights/hub_server.h"
#include "weights/manifest.h"

namespace stillreel::weights {
namespace {

using stillreel::testing::Fault;
using stillreel::testing::FullDisk;
using stillreel::testing::HubServer;
using stillreel::testing::SeenRequest;
using Kind = Fault::Kind;

constexpr const char* kUnet = "unet/diffusion_pytorch_model.safetensors";
constexpr std::size_t kUnetBytes = 300'000;

std::string noise(std::size_t bytes, unsigned seed) {
    std::string text(bytes, 0);
    for (char& c : text) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    return text;
}

/// A hub with a model whose weights are noise (nobody looks inside here), and a home to pull it into.
class HubPull : public ::testing::Test {
  protected:
    HubPull() {
        setenv("STILLREEL_HOME", (scratch_ / "home").c_str(), 1);
        setenv("HF_HUB_CACHE", (scratch_ / "cache").c_str(), 1);
        server_.add("model_index.json",
                    R"({"_class_name": "I2VGenXLPipeline", "scheduler": ["diffusers", "DDIMScheduler"],
                        "unet": ["diffusers", "I2VGenXLUNet"], "vae": ["diffusers", "AutoencoderKL"]})",
                    HubServer::Storage::git);
        server_.add("scheduler/scheduler_config.json", "{}", HubServer::Storage::git);
        server_.add("unet/config.json", R"({"layers_per_block": 2})", HubServer::Storage::git);
        server_.add(kUnet, noise(kUnetBytes, 1), HubServer::Storage::large);
        server_.add("unet/diffusion_pytorch_model.fp16.safetensors", noise(kUnetBytes / 2, 2),
                    HubServer::Storage::large);
        server_.add("unet/diffusion_pytorch_model.bin", noise(kUnetBytes, 3), HubServer::Storage::large);
        server_.add("vae/config.json", "{}", HubServer::Storage::git);
        server_.add("vae/diffusion_pytorch_model.safetensors", noise(50'000, 4), HubServer::Storage::large);
        request_.repository = "ali-vilab/i2vgen-xl";
        request_.endpoint.url = server_.url();
        request_.models = scratch_ / "home/models";
        request_.retry.attempts = 3;
        request_.retry.first_wait_s = 0.01;
        hooks_.note = [this](const std::string& line) { notes_ += line + "\n"; };
    }
    ~HubPull() override {
        unsetenv("STILLREEL_HOME");
        unsetenv("HF_HUB_CACHE");
    }

    Pulled pull() { return pull_model(request_, hooks_); }
    fs::path root() const { return request_.models / "i2vgen-xl"; }
    fs::path part() const {
        return request_.models / ".i2vgen-xl.partial/files" / (std::string(kUnet) + ".part");
    }

    static std::string bytes(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::set<std::string> files_of_model() const {
        std::set<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(root()))
            if (entry.is_regular_file()) names.insert(fs::relative(entry.path(), root()).string());
        return names;
    }
    void expect_whole() const {
        EXPECT_EQ(bytes(root() / kUnet), noise(kUnetBytes, 1));
        const std::set<std::string> expected{"model_index.json",
                                             "scheduler/scheduler_config.json",
                                             "stillreel.json",
                                             "unet/config.json",
                                             kUnet,
                                             "vae/config.json",
                                             "vae/diffusion_pytorch_model.safetensors"};
        EXPECT_EQ(files_of_model(), expected);
        // Nothing else is left: no partial folder, no lock.
        EXPECT_EQ(std::distance(fs::directory_iterator(request_.models), fs::directory_iterator{}), 1);
    }
    /// Pulls with the UNet cut after `bytes` and no second attempt.
    void leave_part(std::size_t bytes) {
        server_.misbehave("/store/unet", {Kind::cut, 200, {}, bytes});
        const RetryPolicy patient = request_.retry;
        request_.retry.attempts = 1;
        EXPECT_THROW(pull(), Error);
        request_.retry = patient;
        ASSERT_EQ(fs::file_size(part()), bytes);
        server_.forget_requests();
    }

    stillreel::testing::ScratchFolder scratch_;
    HubServer server_;
    PullRequest request_;
    PullHooks hooks_;
    std::string notes_;
};

TEST_F(HubPull, FetchesTheNeededFilesAndNamesTheModelAtTheEnd) {
    std::vector<PullProgress> told;
    hooks_.progress = [&](const PullProgress& progress) {
        told.push_back(progress);
        EXPECT_FALSE(fs::exists(root())) << "seen as a model while it is none";
    };
    std::optional<PullPlan> plan;
    hooks_.begun = [&](const PullPlan& begun) { plan = begun; };
    const Pulled pulled = pull();
    EXPECT_EQ(pulled.root, root());
    EXPECT_EQ(pulled.outcome, Pulled::Outcome::fetched);
    EXPECT_EQ(pulled.bytes_loaded, pulled.bytes);
    expect_whole();
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->files, 6);
    EXPECT_EQ(plan->bytes_here, 0u);
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.back().bytes, plan->bytes);
    EXPECT_EQ(told.back().total, plan->bytes);
    const auto manifest = read_manifest(root());
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->repository, "ali-vilab/i2vgen-xl");
    EXPECT_EQ(manifest->commit.size(), 40u);
    for (const ManifestFile& file : manifest->files) {
        EXPECT_EQ(file.bytes, fs::file_size(root() / file.path)) << file.path;
        EXPECT_EQ(file.sha256, sha256_hex_of_file(root() / file.path)) << file.path;
    }
}

TEST_F(HubPull, FetchesTheVariant) {
    request_.variant = "fp16";
    pull();
    EXPECT_EQ(bytes(root() / "unet/diffusion_pytorch_model.fp16.safetensors"), noise(kUnetBytes / 2, 2));
    EXPECT_FALSE(fs::exists(root() / kUnet));
    EXPECT_NE(notes_.find("vae is there only without the variant fp16"), std::string::npos) << notes_;
}

TEST_F(HubPull, TokenStaysWithTheEndpointsHost) {
    server_.require_token("hf_secret");
    request_.endpoint.token = "hf_secret";
    pull();
    expect_whole();
    int with = 0, without = 0;
    for (const SeenRequest& seen : server_.requests()) {
        const bool to_endpoint = seen.host == "127.0.0.1";
        EXPECT_EQ(seen.headers.contains("authorization"), to_endpoint) << seen.host << seen.path;
        (to_endpoint ? with : without)++;
    }
    EXPECT_GT(with, 0);
    EXPECT_GT(without, 0);  // the redirect to the store at "localhost" has been taken
    EXPECT_EQ(bytes(root() / "stillreel.json").find("hf_secret"), std::string::npos);
}

TEST_F(HubPull, GoesOnWhereACutPullStopped) {
    leave_part(100'000);
    const Pulled pulled = pull();
    expect_whole();
    EXPECT_EQ(pulled.bytes - pulled.bytes_loaded,
              100'000u + fs::file_size(root() / "model_index.json") +
                  fs::file_size(root() / "scheduler/scheduler_config.json") +
                  fs::file_size(root() / "unet/config.json"));
    const auto asked = server_.requests("/store/unet");
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].headers.at("range"), "bytes=100000-");
    EXPECT_TRUE(asked[0].headers.contains("if-range"));
}

TEST_F(HubPull, CutConnectionsAreTakenUpAgainByThemselves) {
    server_.misbehave("/store/unet", {Kind::cut, 200, {}, 90'000}, 2);
    pull();
    expect_whole();
    const auto asked = server_.requests("/store/unet");
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_EQ(asked[2].headers.at("range"), "bytes=180000-");
    EXPECT_NE(notes_.find("trying again"), std::string::npos);
}

TEST_F(HubPull, AServerThatIgnoresRangesBeginsAgain) {
    leave_part(100'000);
    server_.misbehave("/store/unet", {Kind::ignore_range});
    pull();
    expect_whole();
}

TEST_F(HubPull, AnotherRangeThanAskedForIsNotUsed) {
    leave_part(100'000);
    server_.misbehave("/store/unet", {Kind::wrong_range}, -1);
    EXPECT_ERROR(pull(), ErrorCode::io, "another part");
    EXPECT_FALSE(fs::exists(root()));
}

TEST_F(HubPull, AFileThatChangedMeanwhileIsLoadedAnew) {
    leave_part(100'000);
    server_.add(kUnet, noise(kUnetBytes + 5, 9), HubServer::Storage::large);
    pull();
    EXPECT_EQ(bytes(root() / kUnet), noise(kUnetBytes + 5, 9));
    EXPECT_FALSE(server_.requests("/store/unet").at(0).headers.contains("range"));
}

TEST_F(HubPull, APartOfOtherContentUnderTheSameNameIsGivenUpThroughItsTag) {
    leave_part(100'000);
    std::ofstream(part().string() + ".etag") << "\"of other content\"";
    std::ofstream(part(), std::ios::binary) << noise(100'000, 77);
    pull();
    expect_whole();
}

TEST_F(HubPull, BusyServersAreAskedAgain) {
    server_.misbehave("/api/", {Kind::status, 503}, 2);
    server_.misbehave("/store/vae", {Kind::status, 503}, 2);
    pull();
    expect_whole();
    EXPECT_EQ(server_.requests("/store/vae").size(), 3u);
}

TEST_F(HubPull, RetryAfterIsWaitedFor) {
    server_.misbehave("/store/vae", {Kind::status, 429, {{"Retry-After", "1"}}});
    const Stopwatch since;
    pull();
    expect_whole();
    EXPECT_GE(since.seconds(), 1.0);
    EXPECT_NE(notes_.find("too many requests"), std::string::npos) << notes_;
}

TEST_F(HubPull, TooLongAWaitIsRefused) {
    server_.misbehave("/api/", {Kind::status, 429, {{"Retry-After", "7200"}}}, -1);
    EXPECT_ERROR(pull(), ErrorCode::io, "7200 s");
    EXPECT_EQ(server_.requests("/api/").size(), 1u);
}

TEST_F(HubPull, GivesUpAfterSomeAttemptsAndKeepsWhatThereIs) {
    server_.misbehave("/store/unet", {Kind::cut, 200, {}, 40'000}, 1);
    server_.misbehave("/store/unet", {Kind::status, 503}, -1);
    EXPECT_ERROR(pull(), ErrorCode::io, "gave up after 3 attempts");
    EXPECT_ERROR(pull(), ErrorCode::io, "pulling again goes on from there");
    EXPECT_EQ(fs::file_size(part()), 40'000u);
    EXPECT_FALSE(fs::exists(root()));
}

TEST_F(HubPull, AStalledConnectionIsCutAndTakenUpAgain) {
    request_.timeouts.stall_s = 1;
    server_.misbehave("/store/unet", {Kind::stall, 200, {}, 120'000});
    pull();
    expect_whole();
    EXPECT_EQ(server_.requests("/store/unet").at(1).headers.at("range"), "bytes=120000-");
}

TEST_F(HubPull, WrongBytesAreLoadedOnceMore) {
    server_.misbehave("/store/unet", {Kind::wrong_bytes});
    pull();
    expect_whole();
    EXPECT_NE(notes_.find("check sum is wrong"), std::string::npos) << notes_;
}

TEST_F(HubPull, LastinglyWrongBytesAreRefused) {
    server_.misbehave("/raw/unet/config.json", {Kind::wrong_bytes}, -1);
    EXPECT_ERROR(pull(), ErrorCode::corrupt_data, "unet/config.json");
    EXPECT_FALSE(fs::exists(root()));
    EXPECT_FALSE(fs::exists(part()));
}

TEST_F(HubPull, AnotherSizeThanAnnouncedIsRefused) {
    server_.misbehave("/store/unet", {Kind::other_size}, -1);
    EXPECT_ERROR(pull(), ErrorCode::corrupt_data, "150000 bytes");
}

TEST_F(HubPull, MoreBytesThanAnnouncedAreRefused) {
    server_.misbehave("/store/unet", {Kind::endless}, -1);
    EXPECT_ERROR(pull(), ErrorCode::corrupt_data, "more than the 300000 bytes");
}

TEST_F(HubPull, SaysWhyItMayNot) {
    server_.misbehave("/api/", {Kind::status, 401});
    EXPECT_ERROR(pull(), ErrorCode::unauthorized, "HF_TOKEN");
    server_.misbehave("/resolve/", {Kind::status, 403, {{"X-Error-Code", "GatedRepo"}}});
    EXPECT_ERROR(pull(), ErrorCode::unauthorized, "accept its terms");
    server_.misbehave("/resolve/", {Kind::status, 403});
    EXPECT_ERROR(pull(), ErrorCode::unauthorized, "access denied");
    request_.endpoint.token = "hf_wrong";
    server_.misbehave("/api/", {Kind::status, 401});
    EXPECT_ERROR(pull(), ErrorCode::unauthorized, "HF_TOKEN is not valid");
    request_.repository = "ali-vilab/nothing";
    EXPECT_ERROR(pull(), ErrorCode::not_found, "no such model");
    request_.repository = "ali-vilab/i2vgen-xl";
    request_.revision = "v2";
    server_.misbehave("/api/", {Kind::status, 404, {{"X-Error-Code", "RevisionNotFound"}}});
    EXPECT_ERROR(pull(), ErrorCode::not_found, "--revision");
    EXPECT_FALSE(fs::exists(root()));
}

TEST_F(HubPull, FollowsNoRedirectToUnsafePlaces) {
    for (const char* where : {"http://example.invalid/x", "file:///etc/passwd", "ftp://127.0.0.1/x"}) {
        server_.misbehave("/store/unet", {Kind::redirect, 302, {{"Location", where}}});
        EXPECT_ERROR(pull(), ErrorCode::io, "only https is followed");
    }
    server_.misbehave("/store/unet", {Kind::redirect, 302, {{"Location", "/store/unet/again"}}}, -1);
    EXPECT_ERROR(pull(), ErrorCode::io, "in circles");
}

TEST_F(HubPull, NobodyThereIsOneSentence) {
    request_.endpoint.url = "http://127.0.0.1:1";
    request_.retry.attempts = 50;
    EXPECT_ERROR(pull(), ErrorCode::io, "cannot connect to 127.0.0.1");
    EXPECT_ERROR(pull(), ErrorCode::io, "gave up after 3 attempts");
}

TEST_F(HubPull, AsksForTheRoomFirst) {
    request_.free_space = [](const fs::path&) { return std::uint64_t{200'000}; };
    EXPECT_ERROR(pull(), ErrorCode::io, "needs 0.0 GB more");
    EXPECT_TRUE(server_.requests("/store/").empty());
    // What is there already needs no room.
    request_.free_space = free_bytes;
    leave_part(250'000);
    request_.free_space = [](const fs::path&) { return std::uint64_t{110'000}; };
    pull();
    expect_whole();
}

TEST_F(HubPull, ADiskThatFillsUpLosesNothing) {
    {
        const FullDisk full(130'000);
        EXPECT_ERROR(pull(), ErrorCode::io, std::string("cannot write ") + kUnet);
        EXPECT_FALSE(fs::exists(root()));
    }
    EXPECT_EQ(fs::file_size(part()), 130'000u);
    pull();
    expect_whole();
}

TEST_F(HubPull, CancelKeepsWhatThereIs) {
    CancelFlag cancel;
    hooks_.cancel = &cancel;
    hooks_.progress = [&](const PullProgress& progress) {
        if (progress.file == kUnet) cancel.request();
    };
    server_.slow_down(30);  // more than half a second for this file: it is told of while it is under way
    EXPECT_ERROR(pull(), ErrorCode::cancelled, "are kept");
    server_.slow_down(0);
    const auto kept = fs::file_size(part());
    EXPECT_GT(kept, 0u);
    EXPECT_LT(kept, kUnetBytes);
    hooks_ = {};
    server_.forget_requests();
    pull();
    expect_whole();
    EXPECT_EQ(server_.requests("/store/unet").at(0).headers.at("range"),
              "bytes=" + std::to_string(kept) + "-");
}

TEST_F(HubPull, CancelEndsAWaitAtOnce) {
    CancelFlag cancel;
    hooks_.cancel = &cancel;
    hooks_.note = [&](const std::string&) { cancel.request(); };
    server_.misbehave("/api/", {Kind::status, 429, {{"Retry-After", "200"}}}, -1);
    EXPECT_ERROR(pull(), ErrorCode::cancelled, "cancelled");
}

TEST_F(HubPull, TheSecondOfTwoPullsIsBusy) {
    const auto other = NameClaim::take(request_.models / ".i2vgen-xl.pull");
    ASSERT_TRUE(other);
    EXPECT_ERROR(pull(), ErrorCode::busy, "another stillreel");
    EXPECT_TRUE(server_.requests().empty());
}

TEST_F(HubPull, OfflineFetchesNothing) {
    request_.endpoint.network = Network::forbidden;
    EXPECT_ERROR(pull(), ErrorCode::unsupported, "HF_HUB_OFFLINE");
    EXPECT_TRUE(server_.requests().empty());
    EXPECT_FALSE(fs::exists(request_.models));
}

TEST_F(HubPull, AModelThatIsThereIsLeftAlone) {
    pull();
    server_.forget_requests();
    request_.endpoint.network = Network::forbidden;
    EXPECT_EQ(pull().outcome, Pulled::Outcome::was_there);
    EXPECT_TRUE(server_.requests().empty());
}

TEST_F(HubPull, CheckingFetchesOnlyWhatDiffers) {
    pull();
    request_.existing = Existing::check;
    EXPECT_EQ(pull().outcome, Pulled::Outcome::checked);
    expect_whole();

    std::ofstream(root() / "vae/config.json") << "damaged";
    server_.add("unet/config.json", R"({"layers_per_block": 3})", HubServer::Storage::git);
    server_.forget_requests();
    const Pulled pulled = pull();
    EXPECT_EQ(pulled.outcome, Pulled::Outcome::fetched);
    expect_whole();
    EXPECT_EQ(bytes(root() / "unet/config.json"), R"({"layers_per_block": 3})");
    EXPECT_EQ(bytes(root() / "vae/config.json"), "{}");
    EXPECT_TRUE(server_.requests("/store/").empty());
}

TEST_F(HubPull, CheckingWritesADamagedManifestAnew) {
    pull();
    std::ofstream(root() / "stillreel.json") << "{";
    request_.existing = Existing::check;
    EXPECT_EQ(pull().outcome, Pulled::Outcome::checked);
    EXPECT_EQ(read_manifest(root())->files.size(), 6u);
}

TEST_F(HubPull, AnotherModelOfThatNameIsNotReplaced) {
    pull();
    request_.repository = "someone/i2vgen-xl";
    request_.existing = Existing::check;
    EXPECT_ERROR(pull(), ErrorCode::invalid_argument, "models remove i2vgen-xl");
}

}  // namespace
}  // namespace stillreel::weights
