// A folder with a picture in it, a home of its own, and the built stillreel to try there.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "image/picture_file.h"
#include "support/eventually.h"
#include "support/process.h"

namespace stillreel::app {

namespace fs = std::filesystem;

class AppTest : public ::testing::Test {
  protected:
    AppTest() {
        fs::create_directory(work());
        write_picture("photo.png", 96, 64);
    }

    fs::path work() const { return scratch_ / "work"; }
    fs::path home() const { return scratch_ / "home"; }

    /// Ground, sky and a bright block, so that there is something to move.
    void write_picture(const std::string& name, int width, int height, int shade = 200) const {
        image::Image picture(width, height, 3);
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) {
                std::uint8_t* pixel = picture.at(x, y);
                const bool block = x > width / 3 && x < width / 2 && y > height / 3;
                pixel[0] =
                    static_cast<std::uint8_t>(block ? shade : y * 120 / height + (x * 13 ^ y * 7) % 16);
                pixel[1] = static_cast<std::uint8_t>(block ? 60 : 80 + x * 60 / width);
                pixel[2] = static_cast<std::uint8_t>(block ? 40 : 160 - y * 100 / height);
            }
        image::write_png(work() / name, picture);
    }

    void write_text(const std::string& name, const std::string& text) const {
        fs::create_directories((work() / name).parent_path());
        std::ofstream(work() / name, std::ios::binary) << text;
    }

    static std::string bytes(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    stillreel::testing::ProcessOptions options() const {
        return {work(),
                {{"STILLREEL_HOME", home().string()},
                 {"STILLREEL_CONFIG", ""},
                 {"STILLREEL_OUTPUTS", ""},
                 {"XDG_CONFIG_HOME", (scratch_ / "config").string()},
                 {"HF_HOME", (scratch_ / "hf").string()},
                 {"HF_HUB_CACHE", ""}},
                0};
    }

    static std::vector<std::string> command(std::vector<std::string> words) {
        words.insert(words.begin(), STILLREEL_BINARY_DIR "/bin/stillreel");
        return words;
    }

    stillreel::testing::Finished run(const std::vector<std::string>& words) const {
        return stillreel::testing::Process(command(words), options()).wait();
    }

    /// What it has printed, once `word` is among it.
    static std::string said(const stillreel::testing::Process& process, const std::string& word) {
        EXPECT_TRUE(stillreel::testing::eventually(
            [&] { return process.out().find(word) != std::string::npos; }, std::chrono::seconds(30)));
        return process.out();
    }
    /// Of a serve that was told to take any; once it listens. 0 when it does not.
    static int port_of(const stillreel::testing::Process& server) {
        const std::string out = said(server, "Ctrl-C");
        std::smatch found;
        const bool there = std::regex_search(out, found, std::regex("localhost:([0-9]+)"));
        EXPECT_TRUE(there) << out;
        return there ? std::stoi(found[1]) : 0;
    }

    /// generate with a small frame and few of them.
    stillreel::testing::Finished small(std::vector<std::string> words) const {
        words.insert(words.begin(), "generate");
        words.insert(words.end(), {"--size", "64x48", "--frames", "6"});
        return run(words);
    }

    /// Every file under the scratch folder with its size.
    std::set<std::string> listing() const {
        std::set<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(scratch_.path()))
            names.insert(entry.path().string() +
                         (entry.is_regular_file() ? " " + std::to_string(entry.file_size()) : "/"));
        return names;
    }

    std::vector<fs::path> files_in(const fs::path& folder) const {
        std::vector<fs::path> files;
        if (fs::exists(folder))
            for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        return files;
    }

  private:
    stillreel::testing::ScratchFolder scratch_;
};

/// One line "stillreel: error: ..." and nothing else.
inline void expect_one_sentence(const std::string& err, const std::string& part) {
    EXPECT_EQ(err.rfind("stillreel: error: ", 0), 0u) << err;
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
    EXPECT_NE(err.find(part), std::string::npos) << err;
}

}  // namespace stillreel::app
