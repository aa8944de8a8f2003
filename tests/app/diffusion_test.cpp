// The diffusion engine as its user meets it, on the tiny model of the goldens: the reference's numbers
// through the whole program, and everything that may happen to a clip that takes long.

#include <nlohmann/json.hpp>
#include <span>
#include <sstream>

#include "app/app_fixture.h"
#include "parity/layout.h"
#include "support/golden.h"
#include "weights/weight_source.h"

namespace stillreel::app {
namespace {

using nlohmann::json;
using stillreel::testing::Finished;
using stillreel::testing::Golden;
using stillreel::testing::Process;

using Words = std::vector<std::string>;

fs::path tiny_model() { return fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl"; }

std::vector<json> events_in(const std::string& out) {
    std::vector<json> events;
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);)
        if (json event = json::parse(line, nullptr, false); event.is_object()) events.push_back(event);
    return events;
}

class Diffusion : public AppTest {
  protected:
    /// A small clip, with each of these options unless `more` says it otherwise.
    Words words_of(Words more) const {
        Words words{"generate", "photo.png"};
        for (const auto& [option, value] :
             std::vector<std::pair<std::string, std::string>>{{"-p", "the boat rocks"},
                                                              {"--engine", "i2vgen-xl"},
                                                              {"--model", model()},
                                                              {"--size", "32x32"},
                                                              {"--frames", "2"},
                                                              {"--steps", "3"}})
            if (std::find(more.begin(), more.end(), option) == more.end())
                words.insert(words.end(), {option, value});
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    Finished diffuse(Words more) const { return run(words_of(std::move(more))); }

    std::string model() const { return model_; }

    /// A copy of the model that a test may damage.
    fs::path own_model(const std::string& name = "model") {
        fs::copy(tiny_model(), work() / name, fs::copy_options::recursive);
        model_ = name;
        return work() / name;
    }

    json recipe_in(const std::string& clip) const {
        const json facts = json::parse(run({"inspect", clip, "--json"}).out);
        return facts.at("recipe");
    }

    /// Starts a clip of many steps and waits until it has done two of them.
    std::unique_ptr<Process> under_way(Words more) const {
        more.insert(more.end(), {"--json", "--steps", "200"});
        auto process = std::make_unique<Process>(command(words_of(std::move(more))), options());
        for (int i = 0; i < 4000; ++i) {
            for (const json& event : events_in(process->out()))
                if (event.value("step", 0) >= 2) return process;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        ADD_FAILURE() << "no step was done: " << process->out();
        return process;
    }

  private:
    std::string model_ = tiny_model().string();
};

// What the seed does not touch, of cases whose noise came from two generators of the reference.
const char* const kWithoutNoise[] = {"prompt_embeds", "clip_pixels", "image_embeddings",
                                     "vae_pixels",    "fps",         "timesteps"};

class GoldenCase : public AppTest {
  protected:
    Words words_of(const Golden& golden, const fs::path& model) const {
        const json& p = golden.about.at("params");
        const auto number = [&](const char* name) { return p.at(name).dump(); };
        Words words{"generate",    "in.png",
                    "-p",          p.at("prompt"),
                    "--engine",    "i2vgen-xl",
                    "--model",     model.string(),
                    "--size",      number("width") + "x" + number("height"),
                    "--frames",    number("frames"),
                    "--steps",     number("steps"),
                    "--guidance",  number("guidance"),
                    "--fps",       number("fps"),
                    "--eta",       number("eta"),
                    "--clip-skip", number("clip_skip"),
                    "--seed",      number("seed"),
                    "--debug-dir", "debug",
                    "-o",          "clip.mp4"};
        if (!p.at("negative").is_null())
            words.insert(words.end(), {"--negative-prompt", p.at("negative").get<std::string>()});
        return words;
    }

    void write_input(const Golden& golden) const {
        image::write_png(work() / "in.png", parity::picture_of(golden.at("in.image")));
    }

    void expect_tensor(const Golden& golden, const std::string& name) const {
        const auto tensors = weights::open_weight_file(work() / "debug/tensors.safetensors");
        const auto found = tensors->find(name, {});
        ASSERT_TRUE(found.has_value()) << name;
        std::vector<float> numbers(static_cast<std::size_t>(found->shape.elements()));
        tensor::read_floats(*found, 0, numbers);
        golden.expect_equal("out." + name, numbers);
    }

    void expect_frames(const Golden& golden) const {
        std::vector<double> frames;
        const int count = static_cast<int>(golden.at("out.frames").shape[0]);
        for (int i = 0; i < count; ++i) {
            const image::Image frame = image::read_picture(
                work() / "debug" / std::string("frame_000").append(std::to_string(i) + ".png"));
            frames.insert(frames.end(), frame.pixels.begin(), frame.pixels.end());
        }
        golden.expect_equal("out.frames", frames);
    }
};

TEST_F(GoldenCase, OfOneGeneratorIsTheReferencesFromThePictureToTheFrames) {
    const auto cases = stillreel::testing::golden_cases("pipeline-docseed-");
    if (cases.empty()) GTEST_SKIP() << "needs the larger goldens beside the project";
    for (const fs::path& folder : cases) {
        const Golden golden = stillreel::testing::load_golden(folder);
        write_input(golden);
        const Finished made = run(words_of(golden, golden.model));
        ASSERT_EQ(made.exit_code, 0) << made.err;
        for (const auto& [tensor, values] : golden.tensors)
            if (tensor.starts_with("out.") && tensor != "out.frames") expect_tensor(golden, tensor.substr(4));
        expect_frames(golden);
    }
}

TEST_F(GoldenCase, IsTheReferencesUpToTheNoiseAndInItsSeed) {
    for (const fs::path& folder : stillreel::testing::golden_cases("pipeline-g")) {
        const Golden golden = stillreel::testing::load_golden(folder);
        write_input(golden);
        Words words = words_of(golden, golden.model);
        // The picture's mode draws no noise, so that the generator's first numbers are the latents, as there.
        words.insert(words.end(), {"--image-latent", "mode", "--overwrite"});
        const Finished made = run(words);
        ASSERT_EQ(made.exit_code, 0) << made.err;
        for (const char* tensor : kWithoutNoise) expect_tensor(golden, tensor);
        expect_tensor(golden, "initial_latents");
    }
}

TEST_F(Diffusion, TellsItsStagesAndPreviewsAsEvents) {
    const Finished made = diffuse({"--json", "--preview", "look.png", "-o", "clip.mp4"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    std::vector<std::string> stages;
    std::vector<int> previews;
    double done = 0;
    for (const json& event : events_in(made.out)) {
        if (event["event"] == "preview") previews.push_back(event["step"]);
        if (event["event"] != "progress") continue;
        EXPECT_GE(event["progress"], done);
        done = event["progress"];
        if (stages.empty() || stages.back() != event["stage"]) stages.push_back(event["stage"]);
    }
    EXPECT_EQ(stages, (std::vector<std::string>{"text", "picture", "encode", "denoise", "decode"}));
    EXPECT_EQ(done, 1);
    EXPECT_FALSE(previews.empty());
    EXPECT_EQ(image::probe_picture(work() / "look.png").size, (image::Size{32, 32}));
    EXPECT_EQ(files_in(work()).size(), 3u);  // photo.png, clip.mp4, look.png
}

TEST_F(Diffusion, SaysWhatItDoesNotUseAndThatItRounds) {
    const Finished plan =
        diffuse({"--fit", "contain", "--loop", "seamless", "--size", "33x31", "--frames", "16", "--dry-run"});
    EXPECT_EQ(plan.exit_code, 0) << plan.err;
    EXPECT_NE(plan.out.find("32x32 instead of 33x31"), std::string::npos) << plan.out;
    EXPECT_NE(plan.out.find("fit, loop"), std::string::npos) << plan.out;
    EXPECT_NE(plan.out.find("16 frames at 8 frames/s"), std::string::npos) << plan.out;
    EXPECT_NE(plan.out.find("TFLOP"), std::string::npos) << plan.out;
    EXPECT_NE(plan.out.find("free: fits"), std::string::npos) << plan.out;
}

TEST_F(Diffusion, TooLargeForAnyMemoryEndsWithTheLadderBeforeAnythingIsLoaded) {
    const Words huge{"generate", "photo.png", "--engine", "i2vgen-xl", "--model", model(),
                     "--size",   "4096x4096", "--frames", "1000",      "--steps", "50"};
    const auto before = listing();
    const Finished refused = run(huge);
    EXPECT_EQ(refused.exit_code, 5);
    expect_one_sentence(refused.err, "are free; smaller ones (--auto-fit takes the first that fits); ");
    EXPECT_NE(refused.err.find("--steps 25: "), std::string::npos) << refused.err;
    EXPECT_EQ(listing(), before);
    Words dry = huge;
    dry.insert(dry.end(), {"--dry-run", "--json"});
    const Finished plan = run(dry);
    EXPECT_EQ(plan.exit_code, 5);
    const json event = events_in(plan.out).at(0);
    EXPECT_EQ(event["fits"], false);
    EXPECT_GT(event["cost"]["peak_bytes"], event["free_bytes"]);
    ASSERT_FALSE(event["ladder"].empty());
    EXPECT_EQ(event["ladder"].back()["fits"], true);
    EXPECT_LE(event["ladder"].back()["peak_bytes"], event["free_bytes"]);
    dry.emplace_back("--auto-fit");
    const Finished fitted = run(dry);
    EXPECT_EQ(fitted.exit_code, 0) << fitted.err;
    EXPECT_EQ(events_in(fitted.out).at(0)["cost"]["options"], event["ladder"].back()["options"]);
}

TEST_F(Diffusion, RepeatsAClipBitForBitAndOnlyWithItsModel) {
    const fs::path own = own_model();
    ASSERT_EQ(diffuse({"-o", "clip.mp4", "--scheduler", "euler", "--guidance-rescale", "0.5"}).exit_code, 0);
    EXPECT_EQ(bytes(work() / "clip.mp4").find(work().string()), std::string::npos);
    const Finished again = run({"generate", "--from", "clip.mp4", "-o", "again.mp4"});
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(bytes(work() / "again.mp4"), bytes(work() / "clip.mp4"));

    write_text("model/scheduler/scheduler_config.json",
               bytes(tiny_model() / "scheduler/scheduler_config.json") + "\n");
    const Finished refused = run({"generate", "--from", "clip.mp4", "-o", "third.mp4"});
    EXPECT_EQ(refused.exit_code, 3);
    expect_one_sentence(refused.err, "its scheduler/scheduler_config.json is another");
    fs::rename(own, work() / "moved");
    const Finished lost = run({"generate", "--from", "clip.mp4", "-o", "third.mp4"});
    EXPECT_EQ(lost.exit_code, 4);
    expect_one_sentence(lost.err, "give its folder with --model");
}

TEST_F(Diffusion, ASpeedIsPartOfTheRecipeAndOfTheEstimate) {
    const auto flops = [&](std::vector<std::string> options) {
        options.insert(options.end(), {"--dry-run", "--json", "--steps", "8"});
        const Finished plan = diffuse(options);
        EXPECT_EQ(plan.exit_code, 0) << plan.err;
        return json::parse(plan.out).at("cost").at("flops").get<double>();
    };
    EXPECT_LT(flops({"--speed", "fast"}), flops({}));
    EXPECT_LT(flops({"--speed", "draft"}), flops({"--speed", "fast"}));
    EXPECT_EQ(flops({"--speed", "fast", "--cache-interval", "1"}), flops({"--speed", "exact"}))
        << "a knob of its own comes before the speed's";

    ASSERT_EQ(diffuse({"-o", "exact.mp4", "--seed", "3", "--steps", "4"}).exit_code, 0);
    const Finished draft = diffuse({"-o", "draft.mp4", "--seed", "3", "--steps", "4", "--speed", "draft"});
    ASSERT_EQ(draft.exit_code, 0) << draft.err;
    EXPECT_FALSE(recipe_in("exact.mp4").at("spec").contains("speed"));
    EXPECT_EQ(recipe_in("draft.mp4").at("spec").at("speed"), "draft");
    EXPECT_NE(bytes(work() / "draft.mp4"), bytes(work() / "exact.mp4"));
}

TEST_F(Diffusion, APrecisionIsPartOfTheRecipe) {
    ASSERT_EQ(diffuse({"-o", "clip.mp4", "--seed", "3"}).exit_code, 0);
    EXPECT_FALSE(recipe_in("clip.mp4").at("spec").contains("precision"));
    for (const std::string precision : {"bf16", "int8"}) {
        const std::string clip = precision + ".mp4", again = precision + "-again.mp4";
        const Finished made = diffuse({"-o", clip, "--seed", "3", "--precision", precision});
        ASSERT_EQ(made.exit_code, 0) << made.err;
        EXPECT_EQ(recipe_in(clip).at("spec").at("precision"), precision);
        EXPECT_NE(bytes(work() / clip), bytes(work() / "clip.mp4"));
        const Finished repeated = run({"generate", "--from", clip, "--model", model(), "-o", again});
        ASSERT_EQ(repeated.exit_code, 0) << repeated.err;
        EXPECT_EQ(bytes(work() / again), bytes(work() / clip));
    }
}

TEST_F(Diffusion, KilledItGoesOnToTheSameFile) {
    Words all = words_of({"--steps", "200", "--seed", "11", "-o", "clip.mp4"});
    {
        const auto process = under_way({"--seed", "11", "-o", "clip.mp4"});
        process->signal(SIGKILL);
        process->wait();
    }
    EXPECT_FALSE(fs::exists(work() / "clip.mp4"));
    const Finished resumed = run(all);
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_NE(resumed.err.find("goes on after step "), std::string::npos) << resumed.err;
    EXPECT_TRUE(files_in(home() / "cache/resume").empty());

    all.insert(all.end(), {"--no-resume", "--overwrite"});
    fs::rename(work() / "clip.mp4", work() / "resumed.mp4");
    const Finished whole = run(all);
    EXPECT_EQ(whole.err.find("goes on"), std::string::npos) << whole.err;
    EXPECT_EQ(bytes(work() / "clip.mp4"), bytes(work() / "resumed.mp4"));
}

TEST_F(Diffusion, CtrlCKeepsWhatThereIsWhenAsked) {
    const auto process = under_way({"--keep-partial", "-o", "clip.mp4"});
    process->signal(SIGINT);
    const Finished stopped = process->wait();
    EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
    const json done = events_in(stopped.out).back();
    EXPECT_EQ(done["event"], "done");
    EXPECT_GE(done["partial_steps"], 2);
    EXPECT_EQ(recipe_in("clip.mp4")["partial"]["steps_done"], done["partial_steps"]);
}

TEST_F(Diffusion, CtrlCLeavesNoFileOfTheClip) {
    const auto process = under_way({"-o", "clip.mp4"});
    process->signal(SIGINT);
    const Finished stopped = process->wait();
    EXPECT_EQ(stopped.exit_code, 130);
    expect_one_sentence(stopped.err, "the same command goes on from there");
    EXPECT_EQ(files_in(work()).size(), 1u);  // photo.png
}

TEST_F(Diffusion, PackedWeightsAreKeptListedAndRemoved) {
    const Words again{"--packed-cache", "--seed", "4", "--json", "--overwrite", "-o", "clip.mp4"};
    const Finished first = diffuse(again);
    ASSERT_EQ(first.exit_code, 0) << first.err;
    EXPECT_NE(first.out.find("packed weights are kept in"), std::string::npos) << first.out;
    const std::string clip = bytes(work() / "clip.mp4");
    const Finished second = diffuse(again);
    ASSERT_EQ(second.exit_code, 0) << second.err;
    EXPECT_EQ(second.out.find("packed weights"), std::string::npos) << second.out;
    EXPECT_EQ(bytes(work() / "clip.mp4"), clip);

    const json kept = json::parse(run({"models", "cache", "--json"}).out);
    ASSERT_EQ(kept.size(), 1u);
    EXPECT_TRUE(
        std::regex_search(run({"doctor"}).out, std::regex("packed weights +[0-9.]+ [kM]B in 1 file, /")));
    EXPECT_EQ(kept[0].at("holds"), "unet of tiny-i2vgenxl, f32");
    EXPECT_EQ(run({"models", "cache", "--remove", "nothing"}).exit_code, 4);
    EXPECT_EQ(run({"models", "cache", "--remove", kept[0].at("name")}).exit_code, 0);
    EXPECT_EQ(json::parse(run({"models", "cache", "--json"}).out).size(), 0u);
    EXPECT_TRUE(std::regex_search(run({"doctor"}).out, std::regex("packed weights +none kept")));

    write_text("../config/stillreel/config.toml", "packed_cache = true\n");
    ASSERT_EQ(diffuse({"--seed", "4"}).exit_code, 0);
    EXPECT_EQ(json::parse(run({"models", "cache", "--json"}).out).size(), 1u);
    EXPECT_EQ(run({"models", "cache", "--clear"}).exit_code, 0);
    EXPECT_NE(run({"models", "cache"}).out.find("no packed weights"), std::string::npos);
}

TEST_F(Diffusion, SeveralPicturesGiveSeveralClips) {
    write_picture("other.png", 64, 64);
    const Finished made = diffuse({"other.png", "-o", "clips/"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(files_in(work() / "clips").size(), 2u);
}

TEST_F(Diffusion, AnInstalledModelIsFoundByNameAndOfferedButNeverTakenUnasked) {
    const Words plain{"generate", "photo.png", "-p", "rain", "--size", "32x32", "--frames", "2"};
    EXPECT_EQ(run(plain).err.find("i2vgen-xl"), std::string::npos);
    fs::create_directories(home() / "models");
    fs::copy(tiny_model(), home() / "models/i2vgen-xl", fs::copy_options::recursive);
    const Finished offered = run(plain);
    EXPECT_NE(offered.err.find(", animatic, "), std::string::npos) << offered.err;
    EXPECT_NE(offered.err.find("the same command with --engine i2vgen-xl"), std::string::npos) << offered.err;
    Words asked = plain;
    asked.insert(asked.end(), {"--engine", "i2vgen-xl", "--steps", "2"});
    EXPECT_EQ(run(asked).exit_code, 0);
    EXPECT_NE(run({"doctor"}).out.find("i2vgen-xl, "), std::string::npos);
}

TEST_F(Diffusion, WithoutAModelItSaysHowToFetchIt) {
    const Finished refused = run({"generate", "photo.png", "--engine", "i2vgen-xl"});
    EXPECT_EQ(refused.exit_code, 4);
    expect_one_sentence(refused.err, "stillreel models pull ali-vilab/i2vgen-xl");
}

struct Damage {
    const char* name;
    void (*damage)(const fs::path& model);
    int exit_code;
    const char* part;
};

class DamagedModel : public Diffusion, public ::testing::WithParamInterface<Damage> {};

TEST_P(DamagedModel, IsOneSentenceAndLeavesNothing) {
    GetParam().damage(own_model());
    const auto before = files_in(work());
    const Finished refused = diffuse({"-o", "clip.mp4"});
    EXPECT_EQ(refused.exit_code, GetParam().exit_code) << refused.err;
    // Notes may stand before it.
    const auto begin = refused.err.rfind("stillreel: error: ");
    ASSERT_NE(begin, std::string::npos) << refused.err;
    expect_one_sentence(refused.err.substr(begin), GetParam().part);
    EXPECT_EQ(files_in(work()), before);
}

const char* const kUnetFile = "unet/diffusion_pytorch_model.safetensors";

void edit(const fs::path& file, const std::string& from, const std::string& to) {
    std::ifstream in(file);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    text.replace(text.find(from), from.size(), to);
    std::ofstream(file) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, DamagedModel,
    ::testing::Values(
        Damage{"EmptyFolder", [](const fs::path& m) { fs::remove_all(m), fs::create_directory(m); }, 4,
               "model_index.json"},
        Damage{"NoUnet", [](const fs::path& m) { fs::remove_all(m / "unet"); }, 4, "unet"},
        Damage{"NoWeights", [](const fs::path& m) { fs::remove(m / kUnetFile); }, 4, "unet"},
        Damage{"NoTokenizer", [](const fs::path& m) { fs::remove_all(m / "tokenizer"); }, 4, "tokenizer"},
        Damage{"Pickle",
               [](const fs::path& m) { fs::rename(m / kUnetFile, m / "unet/diffusion_pytorch_model.bin"); },
               4, "pickle"},
        Damage{"Truncated", [](const fs::path& m) { fs::resize_file(m / kUnetFile, 100000); }, 3,
               "diffusion_pytorch_model.safetensors"},
        Damage{"UnknownClass",
               [](const fs::path& m) { edit(m / "model_index.json", "I2VGenXLUNet", "UNetOfTomorrow"); }, 3,
               "UNetOfTomorrow"},
        Damage{"WrongShapes",
               [](const fs::path& m) {
                   edit(m / "vae/config.json", "\"layers_per_block\": 2", "\"layers_per_block\": 1");
               },
               3, "vae"}),
    [](const auto& damage) { return damage.param.name; });

}  // namespace
}  // namespace stillreel::app
