// ProRes, GIF, WebP and PNG sequences: each comes back with its size, frames, rhythm, colours and tags.

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

#include "base/file.h"
#include "media/clips.h"
#include "media/full_disk.h"
#include "media/video.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::media {
namespace {

using testing::FullDisk;
using testing::ScratchFolder;
using testing::settings_of;
using testing::view_of;
using testing::wave_frame;
using testing::write_waves;

struct Case {
    const char* name;
    const char* codec;
    double least_psnr_db;  // measured less 3 dB
    int patch_error;       // measured plus 1
};

class EachFormat : public ::testing::TestWithParam<Case> {
  protected:
    fs::path target() const { return scratch_ / GetParam().name; }
    ScratchFolder scratch_;
};

TEST_P(EachFormat, ComesBackWithSizeFramesAndPictures) {
    write_waves(target(), settings_of(160, 90), 14);
    const VideoFacts facts = probe_video(target());
    EXPECT_EQ(facts.codec, GetParam().codec);
    EXPECT_EQ(facts.width_px, 160);
    EXPECT_EQ(facts.height_px, 90);
    EXPECT_EQ(facts.frames, 14);
    EXPECT_NEAR(facts.duration_s, 14 / 24.0, 0.006);
    EXPECT_NEAR(facts.fps.value(), 24, 0.3);
    EXPECT_GT(facts.bytes, 1000);
    const auto frames = testing::read_all_frames(target());
    ASSERT_EQ(frames.size(), 14u);
    for (int i = 0; i < 14; ++i)
        EXPECT_GT(testing::psnr_db(wave_frame(160, 90, i), frames[i]), GetParam().least_psnr_db)
            << "frame " << i;
}

TEST_P(EachFormat, KeepsFlatColours) {
    VideoWriter writer = VideoWriter::open(target(), settings_of(240, 120));
    for (int i = 0; i < 2; ++i) writer.write(view_of(testing::patch_frame(240, 120)));
    writer.finish();
    for (const image::Image& frame : testing::read_all_frames(target()))
        EXPECT_LE(testing::worst_patch_error(frame), GetParam().patch_error);
}

TEST_P(EachFormat, EqualFramesStayFramesOfTheirOwn) {
    VideoWriter writer = VideoWriter::open(target(), settings_of(64, 48));
    for (int i = 0; i < 9; ++i) writer.write(view_of(wave_frame(64, 48, 0)));
    writer.finish();
    EXPECT_EQ(probe_video(target()).frames, 9);
    const auto frames = testing::read_all_frames(target());
    ASSERT_EQ(frames.size(), 9u);
    for (const image::Image& frame : frames) EXPECT_EQ(frame.pixels, frames[0].pixels);
}

TEST_P(EachFormat, KeepsALargeComment) {
    VideoSettings settings = settings_of(64, 48);
    std::string recipe = "{\"prompt\": \"";
    while (recipe.size() < 64 * 1024) recipe += "镜头缓慢拉近 <rain> & \\\"fog\\\"\r\n ";
    settings.tags = {{"comment", recipe + "\"}"}};
    write_waves(target(), settings, 3);
    EXPECT_EQ(probe_video(target()).tags.at("comment"), settings.tags.at("comment"));
}

TEST_P(EachFormat, TwoRunsGiveTheSameBytes) {
    const auto digests = [&](const std::string& folder) {
        const fs::path path = scratch_ / folder / GetParam().name;
        write_waves(path, settings_of(64, 48), 5);
        std::set<std::string> found;
        for (const auto& entry : fs::directory_iterator(path.parent_path()))
            found.insert(entry.path().filename().string() + " " + sha256_hex_of_file(entry.path()));
        return found;
    };
    EXPECT_EQ(digests("a"), digests("b"));
}

TEST_P(EachFormat, UnfinishedLeavesNothing) {
    {
        VideoWriter writer =
            VideoWriter::open(scratch_ / "new/folder" / GetParam().name, settings_of(64, 48));
        for (int i = 0; i < 3; ++i) writer.write(view_of(wave_frame(64, 48, i)));
    }
    EXPECT_TRUE(fs::is_empty(scratch_.path()));
}

TEST_P(EachFormat, AFullDiskIsSaidAndLeavesNothing) {
    {
        const FullDisk full(4'000);
        EXPECT_ERROR(write_waves(target(), settings_of(320, 180), 30), ErrorCode::io, "File too large");
    }
    EXPECT_TRUE(fs::is_empty(scratch_.path()));
}

TEST_P(EachFormat, AUsedNameIsKeptAndTheClipFindsAnother) {
    write_waves(target(), settings_of(64, 48), 2);
    VideoWriter writer = VideoWriter::open(target(), settings_of(64, 48));
    for (int i = 0; i < 5; ++i) writer.write(view_of(wave_frame(64, 48, i)));
    EXPECT_FALSE(writer.finish(VideoWriter::Existing::keep));
    EXPECT_EQ(probe_video(target()).frames, 2);
    EXPECT_TRUE(writer.finish_as(scratch_ / (std::string("2-") + GetParam().name)));
    EXPECT_EQ(probe_video(scratch_ / (std::string("2-") + GetParam().name)).frames, 5);
}

INSTANTIATE_TEST_SUITE_P(Media, EachFormat,
                         ::testing::Values(Case{"clip.mov", "prores", 56, 1}, Case{"clip.gif", "gif", 25, 4},
                                           Case{"clip.webp", "webp", 38, 3}, Case{"clip.png", "png", 98, 0},
                                           Case{"shot-%05d.png", "png", 98, 0}),
                         [](const auto& chosen) {
                             std::string name = chosen.param.name;
                             std::erase_if(name, [](unsigned char c) { return !std::isalnum(c); });
                             return name;
                         });

TEST(ProRes, IsHq422InBt709) {
    const ScratchFolder scratch;
    VideoSettings settings = settings_of(160, 90);
    settings.fps = {24000, 1001};
    settings.tags = {{"comment", "c"}, {"AIGC", "{\"Label\":\"1\"}"}};
    write_waves(scratch / "clip.mov", settings, 3);
    const VideoFacts facts = probe_video(scratch / "clip.mov");
    EXPECT_EQ(facts.profile, "HQ");
    EXPECT_EQ(facts.pixel_format, "yuv422p10le");
    EXPECT_EQ(facts.colour, "bt709");
    EXPECT_EQ(facts.fps, (Rational{24000, 1001}));
    EXPECT_EQ(facts.tags.at("AIGC"), settings.tags.at("AIGC"));
}

TEST(Gif, KnowsColoursThatComeLate) {
    const ScratchFolder scratch;
    VideoWriter writer = VideoWriter::open(scratch / "late.gif", settings_of(64, 48));
    image::Image red(64, 48, 4);
    for (std::size_t i = 0; i < red.pixels.size(); i += 4) red.pixels[i] = red.pixels[i + 3] = 255;
    for (int i = 0; i < 20; ++i) writer.write(view_of(wave_frame(64, 48, i)));
    for (int i = 0; i < 4; ++i) writer.write(view_of(red));
    writer.finish();
    const image::Image last = testing::read_all_frames(scratch / "late.gif").back();
    EXPECT_GT(last.at(32, 24)[0], 245);
    EXPECT_LT(last.at(32, 24)[1], 10);
}

TEST(Gif, RefusesRatesThatPlayersSlowDown) {
    const ScratchFolder scratch;
    VideoSettings settings = settings_of(64, 48);
    settings.fps = {60, 1};
    EXPECT_ERROR(VideoWriter::open(scratch / "a.gif", settings), ErrorCode::invalid_argument, "at most 50");
}

TEST(OddSizes, AreFineWhereColourIsStoredInFull) {
    const ScratchFolder scratch;
    for (const char* name : {"a.gif", "a.webp", "a.png"}) {
        write_waves(scratch / name, settings_of(63, 7), 2);
        const VideoFacts facts = probe_video(scratch / name);
        EXPECT_EQ(facts.width_px, 63) << name;
        EXPECT_EQ(facts.height_px, 7) << name;
        EXPECT_EQ(testing::read_all_frames(scratch / name).size(), 2u) << name;
    }
}

TEST(Webp, KeepsTheAiLabel) {
    const ScratchFolder scratch;
    VideoSettings settings = settings_of(64, 48);
    settings.tags = {{"AIGC", "{\"Label\":\"1\",\"ContentProducer\":\"某公司 & <co>\"}"}};
    write_waves(scratch / "a.webp", settings, 2);
    EXPECT_EQ(probe_video(scratch / "a.webp").tags, settings.tags);
}

TEST(Webp, NoticesThatItIsCutShortOrBroken) {
    const ScratchFolder scratch;
    write_waves(scratch / "a.webp", settings_of(64, 48), 3);
    const std::string bytes = read_text_file(scratch / "a.webp", 1 << 20);
    for (const std::size_t kept : {bytes.size() - 1, bytes.size() / 2, std::size_t{20}, std::size_t{12}}) {
        SCOPED_TRACE(kept);
        write_file(scratch / "cut.webp", bytes.substr(0, kept));
        EXPECT_ERROR(probe_video(scratch / "cut.webp"), ErrorCode::corrupt_data, "cut.webp");
    }
    std::string outside = bytes;
    outside[bytes.find("ANMF") + 8] = 5;  // a frame that begins 10 columns to the right
    write_file(scratch / "outside.webp", outside);
    EXPECT_ERROR(probe_video(scratch / "outside.webp"), ErrorCode::corrupt_data, "outside");
}

TEST(PngSequence, EveryPictureCarriesTheTags) {
    const ScratchFolder scratch;
    VideoSettings settings = settings_of(64, 48);
    settings.fps = {24000, 1001};
    settings.tags = {{"comment", "配方"}, {"AIGC", "{}"}};
    write_waves(scratch / "shot.png", settings, 3);
    for (const char* name : {"shot_0000.png", "shot_0001.png", "shot_0002.png"}) {
        const VideoFacts facts = probe_video(scratch / name);
        EXPECT_EQ(facts.frames, 1);
        EXPECT_EQ(facts.fps, settings.fps);
        EXPECT_EQ(facts.tags, settings.tags);
    }
    EXPECT_EQ(probe_video(scratch / "shot.png").fps, settings.fps);
    EXPECT_EQ(probe_video(scratch / "shot_%04d.png").frames, 3);
}

TEST(PngSequence, AShorterOneReplacesALongerOneWholly) {
    const ScratchFolder scratch;
    write_waves(scratch / "shot.png", settings_of(64, 48), 6);
    write_file(scratch / "shot_other.png", "mine");
    write_waves(scratch / "shot.png", settings_of(64, 48), 2);
    EXPECT_EQ(probe_video(scratch / "shot.png").frames, 2);
    EXPECT_FALSE(fs::exists(scratch / "shot_0005.png"));
    EXPECT_TRUE(fs::exists(scratch / "shot_other.png"));
}

TEST(PngSequence, KeepsTransparency) {
    const ScratchFolder scratch;
    image::Image clear(8, 8, 4);
    VideoWriter writer = VideoWriter::open(scratch / "a.png", settings_of(8, 8));
    writer.write(view_of(clear));
    writer.finish();
    EXPECT_EQ(probe_video(scratch / "a.png").pixel_format, "rgba");
}

}  // namespace
}  // namespace stillreel::media
