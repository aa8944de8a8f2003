// H.264 in MP4: what goes in comes out, in size, rate, colour and tags; what fails leaves nothing.

#include <gtest/gtest.h>
#include <malloc.h>

#include <fstream>
#include <set>

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

TEST(Mp4, WavesComeBackNearlyAsTheyWere) {
    const ScratchFolder scratch;
    VideoSettings settings = settings_of(320, 180);
    settings.crf = 10;
    write_waves(scratch / "waves.mp4", settings, 20);
    const auto frames = testing::read_all_frames(scratch / "waves.mp4");
    ASSERT_EQ(frames.size(), 20u);
    for (int i = 0; i < 20; ++i)
        EXPECT_GT(testing::psnr_db(wave_frame(320, 180, i), frames[i]), 40) << "frame " << i;
}

TEST(Mp4, FlatColoursComeBackWithinThreeLevels) {
    const ScratchFolder scratch;
    for (const auto& [width, height] : {std::pair{384, 216}, std::pair{1200, 720}}) {
        VideoSettings settings = settings_of(width, height);
        settings.crf = 10;
        VideoWriter writer = VideoWriter::open(scratch / "patches.mp4", settings);
        for (int i = 0; i < 3; ++i) writer.write(view_of(testing::patch_frame(width, height)));
        writer.finish();
        for (const image::Image& frame : testing::read_all_frames(scratch / "patches.mp4"))
            EXPECT_LE(testing::worst_patch_error(frame), 3) << width << "x" << height;
    }
}

TEST(Mp4, FactsAreExact) {
    const ScratchFolder scratch;
    for (const Rational fps :
         {Rational{24, 1}, Rational{24000, 1001}, Rational{30000, 1001}, Rational{25, 2}}) {
        VideoSettings settings = settings_of(64, 48);
        settings.fps = fps;
        write_waves(scratch / "clip.mp4", settings, 31);
        const VideoFacts facts = probe_video(scratch / "clip.mp4");
        EXPECT_EQ(facts.fps, fps) << to_string(facts.fps);
        EXPECT_EQ(facts.frames, 31);
        EXPECT_NEAR(facts.duration_s, 31 / fps.value(), 1e-3);
        EXPECT_EQ(facts.codec, "h264");
        EXPECT_EQ(facts.profile, "High");
        EXPECT_EQ(facts.pixel_format, "yuv420p");
        EXPECT_EQ(facts.colour, "bt709");
        EXPECT_EQ(facts.width_px, 64);
        EXPECT_EQ(facts.height_px, 48);
        EXPECT_EQ(facts.bytes, static_cast<std::int64_t>(fs::file_size(scratch / "clip.mp4")));
        EXPECT_FALSE(facts.has_audio);
        EXPECT_NE(facts.container.find("mp4"), std::string::npos);
    }
}

TEST(Mp4, OneFrameIsAClip) {
    const ScratchFolder scratch;
    write_waves(scratch / "one.mp4", settings_of(64, 48), 1);
    const VideoFacts facts = probe_video(scratch / "one.mp4");
    EXPECT_EQ(facts.frames, 1);
    EXPECT_EQ(facts.fps, (Rational{24, 1}));
    EXPECT_EQ(testing::read_all_frames(scratch / "one.mp4").size(), 1u);
}

TEST(Mp4, StartsPlayingBeforeItIsWhollyLoaded) {
    const ScratchFolder scratch;
    write_waves(scratch / "fast.mp4", settings_of(64, 48), 5);
    const std::string bytes = read_text_file(scratch / "fast.mp4", 1 << 20);
    ASSERT_NE(bytes.find("moov"), std::string::npos);
    EXPECT_LT(bytes.find("moov"), bytes.find("mdat"));
}

TEST(Mp4, EveryRunGivesTheSameBytesWhateverMemoryHeldBefore) {
    const ScratchFolder scratch;
    VideoSettings settings = settings_of(320, 180);
    settings.tags = {{"comment", "{}"}};
    std::set<std::string> digests;
    for (const int fill : {0, 37, 74, 111, 148}) {
        mallopt(M_PERTURB, fill);
        write_waves(scratch / "a.mp4", settings, 40);
        digests.insert(sha256_hex_of_file(scratch / "a.mp4"));
    }
    mallopt(M_PERTURB, 0);
    EXPECT_EQ(digests.size(), 1u);
}

Tags large_tags() {
    std::string recipe = "{\"prompt\": \"";
    while (recipe.size() < 64 * 1024) recipe += "镜头缓慢拉近,\\\"rain\\\" = 1; # \\n ";
    return {{"comment", recipe + "\"}"}, {"AIGC", "{\"Label\":\"1\",\"ContentProducer\":\"某公司\"}"}};
}

TEST(Mp4, LargeTagsInAnyLanguageSurvive) {
    const ScratchFolder scratch;
    VideoSettings settings = settings_of(64, 48);
    settings.tags = large_tags();
    write_waves(scratch / "tags.mp4", settings, 3);
    const Tags found = probe_video(scratch / "tags.mp4").tags;
    EXPECT_EQ(found, settings.tags);
}

TEST(Mp4, ARemuxKeepsTheComment) {
    if (std::system("ffmpeg -version > /dev/null 2>&1") != 0)
        GTEST_SKIP() << "the ffmpeg command is not installed";
    const ScratchFolder scratch;
    VideoSettings settings = settings_of(64, 48);
    settings.tags = large_tags();
    write_waves(scratch / "in.mp4", settings, 3);
    const std::string folder = scratch.path().string();
    const std::string remux =
        "ffmpeg -v error -nostdin -i " + folder + "/in.mp4 -c copy " + folder + "/out.mp4";
    ASSERT_EQ(std::system(remux.c_str()), 0);
    EXPECT_EQ(probe_video(scratch / "out.mp4").tags.at("comment"), settings.tags.at("comment"));
}

TEST(Mp4, NamesAreNeverReadAsProtocolsOrPatterns) {
    const ScratchFolder scratch;
    for (const char* name : {"concat:a|b.mp4", "http:__x.mp4", "50%d.mp4", "名 字.mp4", "-i.mp4"}) {
        write_waves(scratch / name, settings_of(64, 48), 2);
        EXPECT_EQ(probe_video(scratch / name).frames, 2) << name;
    }
}

TEST(Mp4, AnUnfinishedClipLeavesNothingNotEvenItsFolders) {
    const ScratchFolder scratch;
    {
        VideoWriter writer = VideoWriter::open(scratch / "new/folder/clip.mp4", settings_of(64, 48));
        writer.write(view_of(wave_frame(64, 48, 0)));
        EXPECT_TRUE(fs::exists(scratch / "new/folder/clip.mp4.part"));
    }
    EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(Mp4, AFullDiskIsSaidWithThePathAndLeavesNothing) {
    const ScratchFolder scratch;
    VideoSettings settings = settings_of(320, 180);
    settings.tags = {{"comment", std::string(100'000, 'x')}};
    {
        const FullDisk full(30'000);
        EXPECT_ERROR(write_waves(scratch / "full.mp4", settings, 40), ErrorCode::io, "full.mp4");
    }
    settings.crf = 1;
    {
        const FullDisk full(30'000);
        EXPECT_ERROR(write_waves(scratch / "full.mp4", settings, 40), ErrorCode::io, "File too large");
    }
    EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(Mp4, AUsedNameIsKeptAndTheClipFindsAnother) {
    const ScratchFolder scratch;
    write_file(scratch / "clip.mp4", "mine");
    VideoWriter writer = VideoWriter::open(scratch / "clip.mp4", settings_of(64, 48));
    writer.write(view_of(wave_frame(64, 48, 0)));
    EXPECT_FALSE(writer.finish(VideoWriter::Existing::keep));
    EXPECT_EQ(read_text_file(scratch / "clip.mp4", 100), "mine");
    EXPECT_TRUE(writer.finish_as(scratch / "clip-2.mp4"));
    EXPECT_EQ(probe_video(scratch / "clip-2.mp4").frames, 1);
    EXPECT_FALSE(fs::exists(scratch / "clip.mp4.part"));
}

TEST(Mp4, RefusesWhatItCannotWrite) {
    const ScratchFolder scratch;
    const auto open = [&](const char* name, auto change) {
        VideoSettings settings = settings_of(64, 48);
        change(settings);
        VideoWriter::open(scratch / name, settings);
    };
    const auto code = ErrorCode::invalid_argument;
    EXPECT_ERROR(open("a.mp4", [](VideoSettings& s) { s.width_px = 63; }), code, "64x48 would do, not 63x48");
    EXPECT_ERROR(open("a.mov", [](VideoSettings& s) { s.height_px = 7; }), code, "even");
    EXPECT_ERROR(open("a.mp4", [](VideoSettings& s) { s.width_px = 0; }), code, "0x48");
    EXPECT_ERROR(open("a.mp4", [](VideoSettings& s) { s.fps = {0, 1}; }), code, "fps");
    EXPECT_ERROR(open("a.mp4", [](VideoSettings& s) { s.crf = 52; }), code, "crf");
    EXPECT_ERROR(open("a.mp4", [](VideoSettings& s) { s.preset = "warp"; }), code, "warp");
    EXPECT_ERROR(open("", [](VideoSettings&) {}), ErrorCode::unsupported, ".mp4");
    EXPECT_ERROR(open("a.avi", [](VideoSettings&) {}), ErrorCode::unsupported, ".mp4");
    EXPECT_TRUE(fs::is_empty(scratch.path()));
    fs::create_directory(scratch / "a.mp4");
    EXPECT_ERROR(open("a.mp4", [](VideoSettings&) {}), ErrorCode::io, "it is a folder");
}

TEST(Probe, SaysWhatIsWrongWithAFile) {
    const ScratchFolder scratch;
    EXPECT_ERROR(probe_video(scratch / "none.mp4"), ErrorCode::not_found, "none.mp4");
    EXPECT_ERROR(probe_video(scratch.path()), ErrorCode::io, "not a regular file");
    write_file(scratch / "empty.mp4", "");
    EXPECT_ERROR(probe_video(scratch / "empty.mp4"), ErrorCode::corrupt_data, "empty");
    write_file(scratch / "text.mp4", "this is a text, not a video\n");
    EXPECT_ERROR(probe_video(scratch / "text.mp4"), ErrorCode::corrupt_data, "text.mp4");
    write_file(scratch / "list.mp4", "ffconcat version 1.0\nfile 'text.mp4'\n");
    EXPECT_ERROR(probe_video(scratch / "list.mp4"), ErrorCode::corrupt_data, "list.mp4");
    write_file(scratch / "list.m3u8",
               "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n");
    EXPECT_ERROR(probe_video(scratch / "list.m3u8"), ErrorCode::corrupt_data, "list.m3u8");
}

TEST(Probe, NoticesThatAClipIsCutShortAnywhere) {
    const ScratchFolder scratch;
    write_waves(scratch / "whole.mp4", settings_of(64, 48), 5);
    const std::string bytes = read_text_file(scratch / "whole.mp4", 1 << 20);
    for (const std::size_t kept :
         {bytes.size() - 1, bytes.size() * 3 / 4, bytes.size() / 3, std::size_t{40}}) {
        write_file(scratch / "cut.mp4", bytes.substr(0, kept));
        SCOPED_TRACE(kept);
        EXPECT_ERROR(probe_video(scratch / "cut.mp4"), ErrorCode::corrupt_data, "cut.mp4");
    }
}

TEST(Reader, ThrowsOnDamagedPictures) {
    const ScratchFolder scratch;
    write_waves(scratch / "clip.mp4", settings_of(320, 180), 10);
    std::string bytes = read_text_file(scratch / "clip.mp4", 1 << 20);
    for (std::size_t i = bytes.find("mdat") + 800; i < bytes.size(); i += 7)
        bytes[i] = static_cast<char>(~bytes[i]);
    write_file(scratch / "clip.mp4", bytes);
    EXPECT_ERROR(testing::read_all_frames(scratch / "clip.mp4"), ErrorCode::corrupt_data, "clip.mp4");
}

TEST(Mp4, SkippingFindsTheSameFrameAsReading) {
    const ScratchFolder scratch;
    write_waves(scratch / "long.mp4", settings_of(64, 48), 700);  // key frames at 0, 250 and 500
    const auto frames = testing::read_all_frames(scratch / "long.mp4");
    ASSERT_EQ(frames.size(), 700u);
    for (const int wanted : {0, 1, 30, 249, 250, 251, 265, 266, 267, 499, 500, 501, 516, 517, 699}) {
        VideoReader reader = VideoReader::open(scratch / "long.mp4");
        reader.skip(wanted);
        const auto found = reader.read();
        ASSERT_TRUE(found) << wanted;
        EXPECT_EQ(found->pixels, frames[wanted].pixels) << wanted;
    }
    VideoReader reader = VideoReader::open(scratch / "long.mp4");
    int at = 0;
    for (const int step : {3, 0, 290, 1, 300, 50}) {
        reader.skip(step);
        at += step;
        const auto found = reader.read();
        ASSERT_TRUE(found) << at;
        EXPECT_EQ(found->pixels, frames[at].pixels) << at;
        ++at;
    }
    reader.skip(100);
    EXPECT_FALSE(reader.read()) << "that is past the end";
}

}  // namespace
}  // namespace stillreel::media
