#include <nlohmann/json.hpp>

#include "app_fixture.h"

namespace stillreel::app {
namespace {

using nlohmann::json;

const std::string kTinyUnet = STILLREEL_SOURCE_DIR "/tests/goldens/models/tiny-i2vgenxl/unet/config.json";

class Bench : public AppTest {
  protected:
    stillreel::testing::Finished tiny(std::vector<std::string> words) const {
        words.insert(words.begin(), {"bench", "unet", "--config", kTinyUnet, "--threads", "1"});
        return run(words);
    }
};

TEST_F(Bench, PrintsOneJsonObjectWhoseNumbersBelongTogether) {
    const auto finished = tiny({"--size", "72x64", "--frames", "3", "--batch", "2", "--json"});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    const json result = json::parse(finished.out);
    EXPECT_EQ(result.at("batch"), 2);
    for (const char* field : {"seconds_per_pass", "tflop", "gflops", "machine_gflops", "share_of_machine",
                              "peak_rss_mib", "load_seconds"})
        EXPECT_GT(result.at(field), 0) << field;
    const double gflops = result.at("gflops");
    EXPECT_NEAR(gflops * result.at("seconds_per_pass").get<double>() / 1000, result.at("tflop"), 1e-9);
    EXPECT_NEAR(gflops / result.at("machine_gflops").get<double>(), result.at("share_of_machine"), 1e-9);
    EXPECT_FALSE(result.contains("profile"));
}

TEST_F(Bench, LoadTellsWhatEachTowerTakesBeforeTheFirstStep) {
    const std::string model = STILLREEL_SOURCE_DIR "/tests/goldens/models/tiny-i2vgenxl";
    const auto finished =
        run({"bench", "load", "--model", model, "--size", "64x64", "--threads", "1", "--json"});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    std::vector<std::string> names;
    const json result = json::parse(finished.out);
    for (const json& tower : result.at("towers")) {
        names.push_back(tower.at("name"));
        EXPECT_GT(tower.at("load_seconds"), 0) << names.back();
        EXPECT_EQ(tower.at("weights_mib") > 0, names.back() != "check") << names.back();
        EXPECT_EQ(tower.at("run_seconds") > 0, names.back().ends_with("encoder")) << names.back();
    }
    EXPECT_EQ(names, (std::vector<std::string>{"check", "text_encoder", "image_encoder", "vae encoder",
                                               "unet", "vae decoder"}));
    EXPECT_EQ(run({"bench", "load", "--model", "nowhere"}).exit_code, 4);
}

TEST_F(Bench, AProfileTellsWhereTheTimeGoes) {
    const auto finished = tiny({"--size", "64x64", "--frames", "2", "--profile", "--low-memory", "--json"});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    const json result = json::parse(finished.out);
    const double product = result.at("machine_gflops"), copy = result.at("machine_gigabytes_per_second");
    for (const char* part : {"by_operation", "by_layer", "by_layer_and_operation", "by_block", "by_shape"}) {
        double share = 0;
        for (const json& one : result.at("profile").at(part)) {
            share += one.at("share").get<double>();
            EXPECT_NEAR(one.at("arithmetic_seconds").get<double>() * product, one.at("gflop"), 1e-9);
            EXPECT_NEAR(one.at("memory_seconds").get<double>() * copy, one.at("gigabytes"), 1e-9);
            EXPECT_NEAR(one.at("share_of_product").get<double>() * product, one.at("gflops"), 1e-6);
        }
        EXPECT_NEAR(share, 1, 1e-6) << part;
    }
    const auto table = tiny({"--size", "64x64", "--frames", "2", "--profile"});
    for (const char* word :
         {"linear", "temp_convs", "resnets, conv", "up_blocks.3", "GFLOP/s", "GB/s", "MiB"})
        EXPECT_NE(table.out.find(word), std::string::npos) << word;
}

TEST_F(Bench, TellsWhatFewerBitsCostLayerByLayer) {
    const auto finished =
        tiny({"--size", "64x64", "--frames", "2", "--precision", "int8", "--snr", "--json"});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    const json result = json::parse(finished.out);
    EXPECT_EQ(result.at("precision"), "int8");
    EXPECT_EQ(result.at("snr").back().at("name"), "result");
    EXPECT_GT(result.at("snr").back().at("decibels"), 20);
    const auto table = tiny({"--size", "64x64", "--frames", "2", "--precision", "bf16", "--snr"});
    EXPECT_NE(table.out.find("bf16 against f32"), std::string::npos) << table.out;
    for (const char* word : {"dB", "mid_block", "up_blocks.3", "result"})
        EXPECT_NE(table.out.find(word), std::string::npos) << word;
}

TEST_F(Bench, AloneItScoresTheMachineAndForetellsClips) {
    const auto finished = run({"bench", "--config", "tiny", "--json"});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    const json result = json::parse(finished.out);
    EXPECT_EQ(result.at("models").size(), result.at("score").size());
    EXPECT_GT(result.at("score").at("f32"), 0);
    EXPECT_GT(result.at("animatic_frames_per_second"), 0);
    const json& clips = result.at("clips");
    ASSERT_EQ(clips.size() % 3, 0u) << "exact, fast, draft";
    for (std::size_t i = 0; i < clips.size(); i += 3) {
        EXPECT_EQ(clips[i].at("speed"), "exact");
        EXPECT_LT(clips[i + 1].at("seconds"), clips[i].at("seconds"));
        EXPECT_LT(clips[i + 2].at("seconds"), clips[i + 1].at("seconds"));
        EXPECT_TRUE(clips[i].at("fits"));
    }
    const auto table = run({"bench", "--config", "tiny"});
    for (const char* word : {"score", "standard", "draft", "int8", "memory", "GFLOP/s"})
        EXPECT_NE(table.out.find(word), std::string::npos) << word;
}

TEST_F(Bench, WhatItCannotMeasureIsASentence) {
    const auto refused = [&](const std::vector<std::string>& words, int code, const std::string& part) {
        const auto finished = run(words);
        EXPECT_EQ(finished.exit_code, code) << finished.err;
        expect_one_sentence(finished.err, part);
    };
    refused({"bench", "unet", "--size", "250x256"}, 2, "multiples of 8");
    refused({"bench", "unet", "--size", "256x256x3"}, 2, "WIDTHxHEIGHT");
    refused({"bench", "unet", "--precision", "f64"}, 2, "f64");
    refused({"bench", "--config", "huge"}, 3, "huge");
    refused({"bench", "toaster"}, 2, "toaster");
    refused({"bench", "unet", "--config", "nowhere.json"}, 4, "nowhere.json");
    write_text("other.json", R"({"_class_name": "UNet2DConditionModel"})");
    refused({"bench", "unet", "--config", "other.json"}, 3, "UNet2DConditionModel");
}

}  // namespace
}  // namespace stillreel::app
