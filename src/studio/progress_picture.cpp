#include "studio/progress_picture.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>

#include "base/file.h"
#include "image/picture_file.h"

namespace stillreel::studio {
namespace {

constexpr int kLongSide_px = 512;
constexpr int kQuality = 75;
constexpr double kPeriod_s = 1;

std::string name_of(const std::string& job, int attempt) { return fmt::format("{}-{}.jpg", job, attempt); }

/// The mean of every square of `side` pixels, without alpha. What is left over at the right and the bottom is
/// dropped: a glance needs no exact borders, and the drawing must not wait for it.
image::Image shrunk(const image::Image& picture, int side) {
    image::Image small(std::max(1, picture.width_px / side), std::max(1, picture.height_px / side), 3);
    const int wide = std::min(side, picture.width_px), high = std::min(side, picture.height_px);
    for (int y = 0; y < small.height_px; ++y)
        for (int x = 0; x < small.width_px; ++x) {
            unsigned sum[3] = {};
            for (int row = 0; row < high; ++row) {
                const std::uint8_t* from = picture.at(x * side, y * side + row);
                for (int column = 0; column < wide; ++column, from += picture.channels)
                    for (int c = 0; c < 3; ++c) sum[c] += from[c];
            }
            std::uint8_t* to = small.at(x, y);
            for (int c = 0; c < 3; ++c)
                to[c] = static_cast<std::uint8_t>(sum[c] / static_cast<unsigned>(wide * high));
        }
    return small;
}

/// Not write_file(): that waits for the disk, which a picture of a second is not worth.
void replace(const fs::path& file, const std::vector<std::uint8_t>& bytes) {
    const fs::path part = file.string() + ".part";
    std::error_code failed;
    fs::create_directories(file.parent_path(), failed);
    std::ofstream out(part, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (out) fs::rename(part, file, failed);
    if (!out || failed) fs::remove(part, failed);
}

/// Of "ID-2.jpg", whether that attempt of that job is under way.
bool is_under_way(const std::string& file, jobs::JobStore& store) {
    const std::size_t dash = file.find('-');
    if (dash == std::string::npos) return false;
    int attempt = 0;
    std::from_chars(file.data() + dash + 1, file.data() + file.size(), attempt);
    const auto job = store.find(file.substr(0, dash));
    return job && job->state == jobs::State::running && job->attempt == attempt;
}

}  // namespace

ProgressPicture::ProgressPicture(const jobs::Job& job, const ServiceFolders& folders)
    : file_(folders.progress() / name_of(job.id, job.attempt)) {}

ProgressPicture::~ProgressPicture() {
    std::error_code ignored;
    fs::remove(file_, ignored);
}

void ProgressPicture::show(const image::Image& picture) {
    if (since_last_ && since_last_->seconds() < kPeriod_s) return;
    since_last_.emplace();
    const int long_side = std::max(picture.width_px, picture.height_px);
    replace(file_,
            image::encode_jpeg(shrunk(picture, (long_side + kLongSide_px - 1) / kLongSide_px), kQuality));
}

std::optional<ShownProgress> progress_picture(const jobs::Job& job, const ServiceFolders& folders) {
    if (job.state != jobs::State::running) return std::nullopt;
    ShownProgress shown{name_of(job.id, job.attempt)};
    std::error_code none;
    const auto written = fs::last_write_time(folders.progress() / shown.name, none);
    if (none) return std::nullopt;
    shown.version = unix_ms(written);
    return shown;
}

void remove_stray_progress(jobs::JobStore& store, const ServiceFolders& folders) {
    std::error_code failed;
    for (fs::directory_iterator at(folders.progress(), failed), end; !failed && at != end;
         at.increment(failed)) {
        std::error_code gone;
        if (!is_under_way(at->path().filename().string(), store)) fs::remove(at->path(), gone);
    }
}

}  // namespace stillreel::studio
