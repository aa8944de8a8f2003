// `stillreel models` over the tiny model of tests/goldens, served by a small Hub on this machine.
#include <nlohmann/json.hpp>

#include "hub_fixture.h"

namespace stillreel::app {
namespace {

using nlohmann::json;
using stillreel::testing::Fault;
using stillreel::testing::Finished;
using stillreel::testing::HubServer;
using stillreel::testing::Process;
using stillreel::testing::ProcessOptions;

class Models : public HubAppTest {
  protected:
    Finished ask(std::vector<std::string> words) const {
        words.insert(words.begin(), "models");
        return Process(command(words), with_hub()).wait();
    }
    void copy_model(const std::string& name) const {
        fs::create_directories(models());
        fs::copy(source(), models() / name, fs::copy_options::recursive);
    }
    /// A snapshot as the Hub's own tools lay it out.
    void cache_model() const {
        const fs::path snapshots = home() / "cache/models--ali-vilab--i2vgen-xl/snapshots";
        fs::create_directories(snapshots);
        fs::copy(source(), snapshots / "39e1979ea27be737b0278c06755e321f2b4360d5",
                 fs::copy_options::recursive);
    }
};

TEST_F(Models, BareCommandPrintsHelp) {
    const Finished finished = ask({});
    EXPECT_EQ(finished.exit_code, 0);
    for (const char* word : {"list", "show", "pull", "remove"})
        EXPECT_NE(finished.out.find(word), std::string::npos) << word;
}

TEST_F(Models, TyposAreUsageErrors) {
    const Finished command = ask({"pul", "i2vgen-xl"});
    EXPECT_EQ(command.exit_code, 2);
    expect_one_sentence(command.err, "there is no command \"models pul\" (did you mean \"pull\"?)");
    const Finished option = ask({"pull", "i2vgen-xl", "--variannt", "fp16"});
    EXPECT_EQ(option.exit_code, 2);
    expect_one_sentence(option.err, "--variant");
    EXPECT_EQ(ask({"list", "too", "much"}).exit_code, 2);
    EXPECT_EQ(ask({"pull"}).exit_code, 2);
}

TEST_F(Models, PullListShowRemove) {
    const Finished pulled = ask({"pull", "ali-vilab/i2vgen-xl"});
    EXPECT_EQ(pulled.exit_code, 0) << pulled.err;
    EXPECT_EQ(pulled.out, root().string() + "\n");
    EXPECT_NE(pulled.err.find("is here"), std::string::npos) << pulled.err;
    EXPECT_FALSE(fs::exists(root() / "README.md"));

    const json list = json::parse(ask({"list", "--json"}).out);
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0]["name"], "i2vgen-xl");
    EXPECT_EQ(list[0]["state"], "whole");
    EXPECT_EQ(list[0]["engine"], "i2vgen-xl");
    EXPECT_EQ(list[0]["folder"], root().string());
    EXPECT_NE(ask({"list"}).out.find("whole"), std::string::npos);

    const json shown = json::parse(ask({"show", "i2vgen-xl", "--json"}).out);
    EXPECT_EQ(shown["pipeline"], "I2VGenXLPipeline");
    EXPECT_EQ(shown["source"]["repository"], "ali-vilab/i2vgen-xl");
    EXPECT_EQ(shown["components"].size(), 7u);
    EXPECT_TRUE(shown["missing"].empty());
    for (const json& part : shown["components"])
        if (part["name"] == "unet") {
            EXPECT_EQ(part["class"], "I2VGenXLUNet");
            EXPECT_GT(part["parameters"], 100'000);
            EXPECT_EQ(part["dtypes"].size(), 1u);
        }
    const Finished text = ask({"show", "ali-vilab/i2vgen-xl"});
    EXPECT_EQ(text.exit_code, 0) << text.err;
    EXPECT_NE(text.out.find("CLIPVisionModelWithProjection"), std::string::npos) << text.out;

    const Finished unasked = ask({"remove", "i2vgen-xl"});
    EXPECT_EQ(unasked.exit_code, 2);
    expect_one_sentence(unasked.err, "--yes");
    EXPECT_TRUE(fs::exists(root()));
    EXPECT_EQ(ask({"remove", "i2vgen-xl", "--yes"}).exit_code, 0);
    EXPECT_FALSE(fs::exists(root()));
    EXPECT_EQ(ask({"remove", "i2vgen-xl", "--yes"}).exit_code, 4);
    EXPECT_NE(ask({"list"}).out.find("models pull"), std::string::npos);
}

TEST_F(Models, PullTellsItsEventsAsJson) {
    const Finished pulled = ask({"pull", "i2vgen-xl", "--json"});
    EXPECT_EQ(pulled.exit_code, 0) << pulled.err;
    EXPECT_EQ(pulled.err, "");
    std::istringstream lines(pulled.out);
    std::vector<json> events;
    for (std::string line; std::getline(lines, line);) events.push_back(json::parse(line));
    ASSERT_GE(events.size(), 3u);
    EXPECT_EQ(events.front()["event"], "started");
    EXPECT_EQ(events[events.size() - 2]["event"], "progress");
    EXPECT_EQ(events[events.size() - 2]["progress"], 1.0);
    EXPECT_EQ(events.back()["event"], "done");
    EXPECT_EQ(events.back()["folder"], root().string());

    server_.forget_requests();
    const json again = json::parse(ask({"pull", "i2vgen-xl", "--json"}).out);
    EXPECT_EQ(again["outcome"], "was_there");
    EXPECT_TRUE(server_.requests().empty());
    const Finished update = ask({"pull", "i2vgen-xl", "--update"});
    EXPECT_EQ(update.exit_code, 0);
    EXPECT_NE(update.err.find("is whole"), std::string::npos) << update.err;
}

TEST_F(Models, CtrlCKeepsWhatThereIsForTheNextPull) {
    server_.slow_down(20);
    Process process(command({"models", "pull", "i2vgen-xl", "--json"}), with_hub());
    for (int i = 0; i < 1000 && process.out().find("\"progress\"") == std::string::npos; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    process.signal(SIGINT);
    const Finished stopped = process.wait();
    EXPECT_EQ(stopped.exit_code, 130);
    expect_one_sentence(stopped.err, "are kept: pulling again goes on from there");
    EXPECT_FALSE(fs::exists(root()));
    const json half = json::parse(ask({"list", "--json"}).out);
    ASSERT_EQ(half.size(), 1u);
    EXPECT_EQ(half[0]["state"], "half pulled");
    EXPECT_NE(ask({"show", "i2vgen-xl"}).exit_code, 0) << "a half model was seen as one";

    server_.slow_down(0);
    const Finished resumed = ask({"pull", "i2vgen-xl"});
    EXPECT_EQ(resumed.exit_code, 0);
    EXPECT_NE(resumed.err.find("are here already"), std::string::npos) << resumed.err;
    EXPECT_TRUE(json::parse(ask({"show", "i2vgen-xl", "--json"}).out)["missing"].empty());
}

TEST_F(Models, AFullDiskLosesNothing) {
    ProcessOptions full = with_hub();
    full.max_file_bytes = 1'000'000;
    const Finished finished = Process(command({"models", "pull", "i2vgen-xl", "--json"}), full).wait();
    EXPECT_EQ(finished.exit_code, 6);
    expect_one_sentence(finished.err, "cannot write unet/diffusion_pytorch_model.safetensors");
    EXPECT_NE(finished.err.find("are kept"), std::string::npos);
    EXPECT_FALSE(fs::exists(root()));
    EXPECT_EQ(ask({"pull", "i2vgen-xl"}).exit_code, 0);
}

TEST_F(Models, TheTokenIsNeverPrinted) {
    ProcessOptions secret = with_hub();
    secret.environment["HF_TOKEN"] = "hf_secret";
    server_.misbehave("/resolve/", {Fault::Kind::status, 403, {{"X-Error-Code", "GatedRepo"}}}, -1);
    const Finished finished = Process(command({"models", "pull", "i2vgen-xl", "--json"}), secret).wait();
    EXPECT_EQ(finished.exit_code, 8);
    expect_one_sentence(finished.err, "accept its terms");
    EXPECT_EQ((finished.out + finished.err).find("hf_secret"), std::string::npos);
    EXPECT_NE(finished.out.find("\"unauthorized\""), std::string::npos);
}

TEST_F(Models, OfflineAndBadEndpointsAreOneSentence) {
    ProcessOptions offline = with_hub();
    offline.environment["HF_HUB_OFFLINE"] = "1";
    const Finished refused = Process(command({"models", "pull", "i2vgen-xl"}), offline).wait();
    EXPECT_EQ(refused.exit_code, 3);
    expect_one_sentence(refused.err, "HF_HUB_OFFLINE");
    ProcessOptions plain = with_hub();
    plain.environment["HF_ENDPOINT"] = "http://mirror.example";
    const Finished unsafe = Process(command({"models", "pull", "i2vgen-xl"}), plain).wait();
    EXPECT_EQ(unsafe.exit_code, 3);
    expect_one_sentence(unsafe.err, "only https");
}

TEST_F(Models, WhatIsMissingIsNamed) {
    copy_model("mine");
    fs::remove(models() / "mine/vae/diffusion_pytorch_model.safetensors");
    fs::remove(models() / "mine/tokenizer/merges.txt");
    const json list = json::parse(ask({"list", "--json"}).out);
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0]["state"], "incomplete");
    EXPECT_EQ(list[0]["missing"].size(), 2u);
    const Finished shown = ask({"show", "mine"});
    EXPECT_NE(shown.out.find("merges.txt"), std::string::npos) << shown.out;
    EXPECT_EQ(ask({"remove", "mine", "-y"}).exit_code, 0);
    EXPECT_FALSE(fs::exists(models() / "mine"));
}

TEST_F(Models, AModelOfTheHuggingFaceCacheIsUsedInPlaceAndNotRemoved) {
    cache_model();
    const json list = json::parse(ask({"list", "--json"}).out);
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0]["name"], "ali-vilab/i2vgen-xl");
    EXPECT_EQ(list[0]["hugging_face_cache"], true);
    const json pulled = json::parse(ask({"pull", "ali-vilab/i2vgen-xl", "--json"}).out);
    EXPECT_EQ(pulled["outcome"], "was_there");
    EXPECT_TRUE(server_.requests().empty());
    const Finished refused = ask({"remove", "ali-vilab/i2vgen-xl", "--yes"});
    EXPECT_EQ(refused.exit_code, 3);
    expect_one_sentence(refused.err, "Hugging Face cache");
    EXPECT_EQ(json::parse(ask({"list", "--json"}).out).size(), 1u);
}

TEST_F(Models, VerifyReportsAndItsExitCodeTells) {
    copy_model("mine");
    const Finished fine = ask({"verify", "mine"});
    EXPECT_EQ(fine.exit_code, 0) << fine.out;
    EXPECT_NE(fine.out.find("All is well."), std::string::npos);
    EXPECT_NE(fine.out.find("block_out_channels [8,16,16,24]"), std::string::npos) << fine.out;

    fs::resize_file(models() / "mine/vae/diffusion_pytorch_model.safetensors", 1000);
    const Finished wrong = ask({"verify", (models() / "mine").string(), "--json", "--sha256"});
    EXPECT_EQ(wrong.exit_code, 3);
    const json report = json::parse(wrong.out);
    EXPECT_EQ(report["ok"], false);
    EXPECT_EQ(report["pipeline"], "I2VGenXLPipeline");
    EXPECT_EQ(report["files"].size(), 15u);
    for (const json& component : report["components"]) EXPECT_EQ(component["ok"], component["name"] != "vae");
    EXPECT_EQ(ask({"verify", "nothing"}).exit_code, 4);
}

TEST_F(Models, RandomWritesAModelThatVerifies) {
    const std::string folder = (work() / "noise").string();
    const Finished made = ask({"random", folder, "--config", "tiny", "--dtype", "f32"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(made.out, folder + "\n");
    EXPECT_NE(made.err.find("single bytes"), std::string::npos) << made.err;
    EXPECT_EQ(ask({"verify", folder}).exit_code, 0);
    const Finished taken = ask({"random", folder, "--config", "tiny"});
    EXPECT_EQ(taken.exit_code, 3);
    expect_one_sentence(taken.err, "not empty");
    EXPECT_EQ(ask({"random", folder, "--config", "huge"}).exit_code, 2);
}

TEST_F(Models, QuantizeWritesAModelBesideTheOthersThatVerifies) {
    copy_model("mine");
    const Finished made = ask({"quantize", "mine"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(made.out, (models() / "mine-int8").string() + "\n");
    EXPECT_NE(made.err.find("in 8 bits"), std::string::npos) << made.err;
    EXPECT_EQ(ask({"verify", "mine-int8"}).exit_code, 0);
    EXPECT_NE(ask({"show", "mine-int8"}).out.find("I8"), std::string::npos);
    EXPECT_NE(ask({"list"}).out.find("mine-int8"), std::string::npos);
    EXPECT_EQ(ask({"quantize", "mine"}).exit_code, 3) << "its name is taken";
    EXPECT_EQ(ask({"quantize", "mine-int8"}).exit_code, 3) << "once is enough";
    EXPECT_EQ(ask({"quantize", "mine", "-o", "./elsewhere/"}).out, "./elsewhere/\n");
    EXPECT_EQ(ask({"verify", (work() / "elsewhere").string()}).exit_code, 0);
}

TEST_F(Models, RemoveTakesNoPaths) {
    copy_model("mine");
    write_text("precious/model_index.json", "{}");
    for (const std::string& path :
         {std::string("../../work/precious"), std::string("./precious"), (work() / "precious").string(),
          std::string("mine/.."), std::string("..")}) {
        const Finished refused = ask({"remove", path, "--yes"});
        EXPECT_EQ(refused.exit_code, 3) << path;
        expect_one_sentence(refused.err, "no name of a model");
    }
    EXPECT_TRUE(fs::exists(work() / "precious/model_index.json"));
    // A link is removed, not what it leads to.
    fs::create_directory_symlink(work() / "precious", models() / "linked");
    EXPECT_EQ(ask({"remove", "linked", "--yes"}).exit_code, 0);
    EXPECT_FALSE(fs::is_symlink(models() / "linked"));
    EXPECT_TRUE(fs::exists(work() / "precious/model_index.json"));
}

}  // namespace
}  // namespace stillreel::app
