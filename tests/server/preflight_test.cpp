// What cannot be made is refused when it is asked for, with what helps, and not after a wait in the queue.
#include <cstdlib>

#include "service_fixture.h"

namespace stillreel::testing {
namespace {

namespace fs = std::filesystem;

class Preflight : public ServiceTest {
  protected:
    Preflight() {
        ::setenv("STILLREEL_HOME", scratch_.path().c_str(), 1);
        ::setenv("HF_HUB_CACHE", (scratch_ / "hub").c_str(), 1);
    }
    ~Preflight() override {
        ::unsetenv("STILLREEL_HOME");
        ::unsetenv("HF_HUB_CACHE");
    }
    void install() const {
        fs::create_directories(scratch_ / "models");
        fs::copy(fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl",
                 scratch_ / "models" / "i2vgen-xl", fs::copy_options::recursive);
    }
    Answer diffusion(const std::string& more) const {
        return post("/v1/clips", R"({"picture":")" + picture_ + R"(","prompt":"she smiles",)" +
                                     R"("engine":"i2vgen-xl")" + more + "}");
    }
    /// Refused with that status, a sentence that holds `part`, and nothing queued.
    void expect_refused(const Answer& answer, int status, const std::string& code, const std::string& part) {
        EXPECT_EQ(answer.status, status) << answer.body;
        EXPECT_EQ(answer.header("content-type"), "application/problem+json");
        EXPECT_EQ(answer.json().at("code"), code);
        EXPECT_NE(answer.json().at("detail").get<std::string>().find(part), std::string::npos) << answer.body;
        EXPECT_TRUE(get("/v1/clips").json().at("clips").empty());
    }
    std::string picture_;
};

constexpr const char* kSmall = R"(,"width":32,"height":32,"frames":2,"steps":2)";

TEST_F(Preflight, WithoutWeightsItNamesTheCommandAndTakesTheClipOnceTheyAreThere) {
    start();
    picture_ = asset();
    expect_refused(diffusion(kSmall), 404, "not_found", "stillreel models pull ali-vilab/i2vgen-xl");
    install();
    EXPECT_EQ(diffusion(kSmall).status, 202);
}

TEST_F(Preflight, AModelOrVariantThatIsNotThereIsNamed) {
    start();
    picture_ = asset();
    install();
    expect_refused(diffusion(std::string(kSmall) + R"(,"model":"other")"), 404, "not_found",
                   "no model other");
    expect_refused(diffusion(std::string(kSmall) + R"(,"variant":"fp16")"), 404, "not_found", "fp16");
    expect_refused(diffusion(std::string(kSmall) + R"(,"model":"/etc")"), 422, "invalid_argument",
                   "not a folder");
}

TEST_F(Preflight, WeightsThatAreNotWholeAreNotTaken) {
    start();
    picture_ = asset();
    install();
    fs::remove(scratch_ / "models/i2vgen-xl/unet/diffusion_pytorch_model.safetensors");
    expect_refused(diffusion(kSmall), 404, "not_found", "unet");
}

TEST_F(Preflight, WhatDoesNotFitIsRefusedWithWhatWould) {
    start();
    picture_ = asset();
    install();
    const Answer answer = diffusion(R"(,"width":4096,"height":4096,"frames":64,"steps":2)");
    expect_refused(answer, 507, "out_of_memory", "--low-memory");
    EXPECT_NE(answer.json().at("detail").get<std::string>().find("are free"), std::string::npos);
}

TEST_F(Preflight, NumbersOutOfRangeNameTheirField) {
    start();
    picture_ = asset();
    install();
    for (const auto& [more, field] : {std::pair(R"(,"width":8,"height":8)", "width"),
                                      {R"(,"width":70000,"height":64)", "width"},
                                      {R"(,"frames":0)", "frames"},
                                      {R"(,"steps":0)", "steps"},
                                      {R"(,"guidance":-4)", "guidance"}}) {
        const Answer answer = diffusion(more);
        expect_refused(answer, 422, "invalid_argument", field);
        EXPECT_EQ(answer.json().value("field", "none"), field) << answer.body;
    }
}

TEST_F(Preflight, TheSecondEstimateNeedsNoMeasuring) {
    start();
    picture_ = asset();
    install();
    const std::string fields =
        R"({"picture":")" + picture_ + R"(","prompt":"x","engine":"i2vgen-xl")" + kSmall + "}";
    const auto first = post("/v1/estimate", fields).json(), second = post("/v1/estimate", fields).json();
    EXPECT_GT(first.at("seconds"), 0);
    EXPECT_EQ(first.at("seconds"), second.at("seconds")) << "a measured speed would differ";
}

}  // namespace
}  // namespace stillreel::testing
