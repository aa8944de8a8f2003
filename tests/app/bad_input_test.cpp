// What users get wrong, each with one sentence, the right exit code, and nothing written.

#include <nlohmann/json.hpp>

#include "app_fixture.h"

namespace stillreel::app {
namespace {

struct Slip {
    const char* name;
    std::vector<std::string> words;
    int exit_code;
    const char* part;
};

void PrintTo(const Slip& slip, std::ostream* out) { *out << slip.name; }

class BadCommandLine : public AppTest, public ::testing::WithParamInterface<Slip> {};

TEST_P(BadCommandLine, IsOneSentence) {
    const auto before = listing();
    const auto finished = run(GetParam().words);
    EXPECT_EQ(finished.exit_code, GetParam().exit_code);
    expect_one_sentence(finished.err, GetParam().part);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(listing(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Slips, BadCommandLine,
    ::testing::Values(
        Slip{"command", {"generat"}, 2, "did you mean \"generate\"?"},
        Slip{"option", {"generate", "photo.png", "--ratio", "1:1"}, 2, "--ratio"},
        Slip{"near_option", {"generate", "photo.png", "--sead", "1"}, 2, "did you mean \"--seed\"?"},
        Slip{"no_picture", {"generate", "-p", "rain"}, 2, "give a picture"},
        Slip{"no_prompt_value", {"generate", "photo.png", "-p"}, 2, "--prompt"},
        Slip{"frames_0", {"generate", "photo.png", "--frames", "0"}, 2, "frames"},
        Slip{"frames_negative", {"generate", "photo.png", "--frames", "-3"}, 2, "not -3"},
        Slip{"frames_word",
             {"generate", "photo.png", "--frames", "many"},
             2,
             "--frames must be a whole number"},
        Slip{"frames_and_duration",
             {"generate", "photo.png", "--frames", "8", "--duration", "1"},
             2,
             "one of them"},
        Slip{"fps_0", {"generate", "photo.png", "--fps", "0"}, 2, "fps"},
        Slip{"fps_nan", {"generate", "photo.png", "--fps", "nan"}, 2, "fps"},
        Slip{"size_7x7", {"generate", "photo.png", "--size", "7x7"}, 2, "16 to 4096"},
        Slip{"size_huge", {"generate", "photo.png", "--size", "99999"}, 2, "size"},
        Slip{"aspect", {"generate", "photo.png", "--aspect", "wide"}, 2, "aspect"},
        Slip{"preset", {"generate", "photo.png", "--preset", "hihg"}, 2, "did you mean \"high\"?"},
        Slip{"engine", {"generate", "photo.png", "--engine", "i2vgenxl"}, 2, "did you mean \"i2vgen-xl\"?"},
        Slip{"scheduler", {"generate", "photo.png", "--scheduler", "unpic"}, 2, "did you mean \"unipc\"?"},
        Slip{"steps", {"generate", "photo.png", "--steps", "0"}, 2, "steps"},
        Slip{"eta", {"generate", "photo.png", "--eta", "2"}, 2, "eta"},
        Slip{"seed", {"generate", "photo.png", "--seed", "-1"}, 2, "seed"},
        Slip{"crf", {"generate", "photo.png", "--crf", "52"}, 2, "crf"},
        Slip{"fit", {"generate", "photo.png", "--fit", "stretch"}, 2, "cover and contain"},
        Slip{"background", {"generate", "photo.png", "--background", "red"}, 2, "background"},
        Slip{"focus", {"generate", "photo.png", "--focus", "middle"}, 2, "focus"},
        Slip{"loop", {"generate", "photo.png", "--loop", "forever"}, 2, "loop"},
        Slip{"label", {"generate", "photo.png", "--ai-label", "hidden"}, 2, "ai_label"},
        Slip{"threads", {"generate", "photo.png", "--threads", "0"}, 2, "--threads"},
        Slip{"format", {"generate", "photo.png", "-o", "clip.avi"}, 2, ".mp4"},
        Slip{
            "one_file_for_two", {"generate", "photo.png", "photo.png", "-o", "clip.mp4"}, 2, "give a folder"},
        Slip{"twice", {"generate", "photo.png", "--frames", "8", "--frames", "9"}, 2, "more than once"},
        Slip{"empty_name", {"generate", "", "-p", "rain"}, 2, "give a picture"},
        Slip{"stray_prompt", {"generate", "photo.png", "push in"}, 2, "put -p before it"},
        Slip{"missing_picture", {"generate", "none.jpg"}, 4, "none.jpg"},
        Slip{"missing_camera", {"generate", "photo.png", "--camera", "none.json"}, 4, "none.json"},
        Slip{"missing_depth", {"generate", "photo.png", "--depth", "none.png"}, 4, "none.png"},
        Slip{"missing_clip", {"generate", "--from", "none.mp4"}, 4, "none.mp4"},
        Slip{"from_a_picture", {"generate", "--from", "photo.png"}, 3, "photo.png"},
        Slip{"inspect_missing", {"inspect", "none.mp4"}, 4, "none.mp4"},
        Slip{"plan_without_prompt", {"plan"}, 2, "--prompt"}),
    [](const auto& slip) { return std::string(slip.param.name); });

class BadFile : public AppTest {
  protected:
    void expect_refused(const std::vector<std::string>& words, int exit_code, const std::string& part) const {
        const auto before = listing();
        const auto finished = small(words);
        EXPECT_EQ(finished.exit_code, exit_code) << finished.err;
        expect_one_sentence(finished.err, part);
        EXPECT_EQ(finished.out, "");
        EXPECT_EQ(listing(), before);
    }
};

std::uint32_t crc32(const std::string& bytes) {
    std::uint32_t crc = 0xffffffffu;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

std::string big_endian(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
    return bytes;
}

TEST_F(BadFile, Empty) {
    write_text("empty.jpg", "");
    expect_refused({"empty.jpg"}, 3, "empty.jpg");
}

TEST_F(BadFile, TextNamedJpg) {
    write_text("notes.jpg", "remember the milk\n");
    expect_refused({"notes.jpg"}, 3, "notes.jpg");
}

TEST_F(BadFile, TruncatedPng) {
    const std::string whole = bytes(work() / "photo.png");
    write_text("half.png", whole.substr(0, whole.size() / 2));
    expect_refused({"half.png"}, 3, "half.png");
}

TEST_F(BadFile, OnePixel) {
    image::write_png(work() / "dot.png", image::Image(1, 1, 3));
    expect_refused({"dot.png"}, 3, "dot.png");
}

std::string chunk(const std::string& kind, const std::string& data) {
    return big_endian(static_cast<std::uint32_t>(data.size())) + kind + data + big_endian(crc32(kind + data));
}

TEST_F(BadFile, HeaderOfNineHundredMegapixels) {
    const std::string header = big_endian(30000) + big_endian(30000) + std::string("\x08\x02\0\0\0", 5);
    write_text("vast.png", "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", std::string(64, 'x')) +
                               chunk("IEND", ""));
    expect_refused({"vast.png"}, 3, "30000");
}

TEST_F(BadFile, TruncatedJpeg) {
    const std::string whole = bytes(STILLREEL_SOURCE_DIR "/fuzz/corpus/picture/baseline.jpg");
    ASSERT_GT(whole.size(), 400u);
    write_text("half.jpg", whole.substr(0, whole.size() - 200));
    expect_refused({"half.jpg"}, 3, "half.jpg is truncated");
}

TEST_F(BadFile, FolderWithoutPictures) {
    write_text("shelf/readme.txt", "nothing here");
    expect_refused({"shelf"}, 4, "holds no pictures");
}

TEST_F(BadFile, OutputBelowAFile) {
    write_text("file", "x");
    expect_refused({"photo.png", "-o", "file/clip.mp4"}, 6, "file");
}

TEST_F(BadFile, OutputFolderWithoutPermission) {
    if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
    fs::create_directory(work() / "locked");
    fs::permissions(work() / "locked", fs::perms::owner_read | fs::perms::owner_exec);
    expect_refused({"photo.png", "-o", "locked/clip.mp4"}, 6, "no permission");
}

TEST_F(BadFile, OutputThatIsThere) {
    write_text("clip.mp4", "precious");
    expect_refused({"photo.png", "-o", "clip.mp4"}, 3, "--overwrite");
    EXPECT_EQ(bytes(work() / "clip.mp4"), "precious");
}

TEST_F(BadFile, PromptOfAHundredKilobytes) {
    expect_refused({"photo.png", "-p", std::string(100000, 'a')}, 3, "prompt");
}

TEST_F(BadFile, PromptThatIsNotUtf8) { expect_refused({"photo.png", "-p", "rain \xff\xfe"}, 2, "UTF-8"); }

TEST_F(BadFile, CameraWithABadFieldNamesIt) {
    auto path = nlohmann::json::parse(run({"plan", "-p", "pan right", "--json"}).out)["camera_path"];
    path["segments"][0]["end_s"] = "soon";
    write_text("path.json", path.dump());
    expect_refused({"photo.png", "--camera", "path.json"}, 3, "end_s");
    write_text("path.json", "{");
    expect_refused({"photo.png", "--camera", "path.json"}, 3, "path.json");
}

TEST_F(BadFile, DepthMapOfAnotherAspect) {
    image::write_png(work() / "depth.png", image::Plane(64, 64, 0.5f));
    for (const char* option : {"--depth", "--mask"}) {
        expect_refused({"photo.png", option, "depth.png"}, 3, "depth.png is 64x64 but photo.png is 96x64");
        expect_refused({"photo.png", option, "depth.png", "--dry-run"}, 3, "64x64");
    }
}

TEST_F(BadFile, FullDisk) {
    auto limited = options();
    limited.max_file_bytes = 4096;
    const auto before = listing();
    stillreel::testing::Process process(
        command({"generate", "photo.png", "-p", "heavy rain", "--size", "320x240", "--frames", "48"}),
        limited);
    const auto finished = process.wait();
    EXPECT_EQ(finished.exit_code, 6) << finished.err;
    EXPECT_NE(finished.err.find("stillreel: error: "), std::string::npos) << finished.err;
    EXPECT_EQ(listing(), before);
}

TEST_F(BadFile, ConfigIsNamedWithItsLine) {
    write_text("config.toml", "fps = 25\ncolour = 3\n");
    auto with_config = options();
    with_config.environment["STILLREEL_CONFIG"] = "config.toml";
    for (const auto& [text, part] : {std::pair{"fps = 25\ncolour = 3\n", "config.toml:2: \"colour\""},
                                     {"fps = 25\n\nframes = \"ten\"\n", "config.toml:3: frames"},
                                     {"fps = = 3\n", "config.toml:1:"}}) {
        write_text("config.toml", text);
        stillreel::testing::Process process(command({"generate", "photo.png"}), with_config);
        const auto finished = process.wait();
        EXPECT_EQ(finished.exit_code, 3);
        expect_one_sentence(finished.err, part);
    }
}

}  // namespace
}  // namespace stillreel::app
