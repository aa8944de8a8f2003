#include "studio/quick_tasks.h"

#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/threads.h"
#include "image/picture_file.h"
#include "media/video.h"
#include "studio/generate.h"
#include "studio/recipe.h"
#include "studio/small_pictures.h"
#include "studio/spec_values.h"

namespace stillreel::studio {
namespace {

using nlohmann::ordered_json;

// Large enough for every crop that a preview of 256 px shows.
constexpr int kSmallSidePx = 1024;
constexpr int kThumbnailQuality = 80, kSmallQuality = 90, kFrameQuality = 92;
constexpr const char* kPreviewPreset = "ultrafast";

constexpr Choice<QuickKind> kKinds[] = {
    {QuickKind::upload, "upload"},       {QuickKind::asset_thumbnail, "asset_thumbnail"},
    {QuickKind::thumbnail, "thumbnail"}, {QuickKind::strip, "strip"},
    {QuickKind::frame, "frame"},         {QuickKind::preview, "preview"},
    {QuickKind::recipe, "recipe"},
};

std::string_view view_of(const std::vector<std::uint8_t>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_jpeg(const fs::path& file, const image::Image& picture, int quality) {
    write_file(file, view_of(image::encode_jpeg(picture, quality)));
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

class QuickWorker {
  public:
    QuickWorker(const EngineRegistry& engines, ServiceFolders folders)
        : engines_(engines), folders_(std::move(folders)), assets_(folders_.assets()) {}

    std::string execute(const QuickTask& task, const CancelFlag& cancel) const {
        const fs::path file = folders_.quick() / fs::path(task.file).filename();
        const fs::path clip = folders_.outputs() / fs::path(task.output).filename();
        try {
            return act(task, file, clip, cancel);
        } catch (const Error& error) {
            // Whoever asked knows other names, and none of our folders.
            std::string message = error.what();
            replace_all(message, file.string(), "the file");
            replace_all(message, clip.string(), task.output);
            throw Error(error.code(), message);
        }
    }

  private:
    std::string act(const QuickTask& task, const fs::path& file, const fs::path& clip,
                    const CancelFlag& cancel) const {
        switch (task.kind) {
            case QuickKind::upload:
                keep(task, file, cancel);
                break;
            case QuickKind::asset_thumbnail:
                make_small_ones(task.asset, image::read_picture(assets_.get(task.asset).path));
                break;
            case QuickKind::thumbnail:
                write_jpeg(file, made_small(frame_of(clip, 0, cancel), kThumbnailSidePx), kThumbnailQuality);
                break;
            case QuickKind::strip:
                write_jpeg(file, contact_strip(clip, cancel), kThumbnailQuality);
                break;
            case QuickKind::frame:
                write_jpeg(file, frame_of(clip, task.frame, cancel), kFrameQuality);
                break;
            case QuickKind::preview:
                draw(task, file, cancel);
                break;
            case QuickKind::recipe:
                return recipe_in(file);
        }
        return {};
    }

    fs::path small_one(const std::string& asset) const {
        return folders_.quick() / fmt::format("asset-{}-small.jpg", asset);
    }

    /// The thumbnail, and what previews are drawn from: a large picture is decoded once.
    void make_small_ones(const std::string& asset, const image::Image& picture) const {
        const image::Image small = made_small(picture, kSmallSidePx);
        write_jpeg(small_one(asset), small, kSmallQuality);
        write_jpeg(folders_.quick() / thumbnail_of_asset(asset), made_small(small, kThumbnailSidePx),
                   kThumbnailQuality);
    }

    void keep(const QuickTask& task, const fs::path& file, const CancelFlag& cancel) const {
        const std::vector<std::uint8_t> bytes = read_file(file, kMaxAssetBytes);
        const SoundPicture sound = decode_upload(bytes, task.name);
        make_small_ones(task.asset, sound.picture);
        // Whoever sent it was told that it was not taken.
        cancel.throw_if_requested();
        assets_.keep(task.asset, view_of(bytes), task.name, sound);
    }

    void draw(const QuickTask& task, const fs::path& file, const CancelFlag& cancel) const {
        const ClipSpec spec = parse_clip_spec(task.spec);
        ClipRequest request = request_of(spec, assets_);
        // Transparent parts of the small one have a colour already.
        if (!spec.background) {
            const fs::path small = small_one(spec.picture);
            if (!fs::exists(small)) make_small_ones(spec.picture, image::read_picture(request.picture.path));
            request.picture = {small, request.picture.name};
        }
        RunOptions run;
        run.threads = available_threads();
        run.output = file;
        run.on_existing = OnExisting::replace;
        run.encoder_preset = kPreviewPreset;
        generate(request, run, engines_, {}, cancel);
    }

    static std::string recipe_in(const fs::path& file) {
        const media::VideoFacts facts = media::probe_video(file);
        const auto comment = facts.tags.find("comment");
        if (comment == facts.tags.end() || !looks_like_recipe(comment->second))
            throw Error(ErrorCode::corrupt_data,
                        "there is no recipe in this clip: drop one that stillreel made, as it made it");
        static_cast<void>(parse_recipe(comment->second));
        return comment->second;
    }

    const EngineRegistry& engines_;
    ServiceFolders folders_;
    AssetStore assets_;
};

}  // namespace

std::string to_json(const QuickTask& task) {
    ordered_json json = {{"kind", name_in(task.kind, kKinds)}, {"file", task.file}};
    if (!task.asset.empty()) json["asset"] = task.asset;
    if (!task.name.empty()) json["name"] = task.name;
    if (!task.output.empty()) json["output"] = task.output;
    if (task.kind == QuickKind::frame) json["frame"] = task.frame;
    if (!task.spec.empty()) json["spec"] = task.spec;
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

QuickTask parse_quick_task(std::string_view text) {
    const auto json = ordered_json::parse(text, nullptr, false);
    QuickTask task;
    try {
        task.kind = choice_of("kind", json.at("kind"), kKinds);
        task.file = json.at("file").get<std::string>();
        task.asset = json.value("asset", "");
        task.name = json.value("name", "");
        task.output = json.value("output", "");
        task.frame = json.value("frame", 0);
        task.spec = json.value("spec", "");
    } catch (const ordered_json::exception& error) {
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("this is no task of the quick lane: {}", error.what()));
    }
    return task;
}

std::string thumbnail_of_asset(const std::string& asset) { return fmt::format("asset-{}.jpg", asset); }

std::string picture_of_clip(const std::string& clip, const std::string& file_state, const std::string& what) {
    return fmt::format("clip-{}-{}-{}.jpg", clip, sha256_hex(file_state).substr(0, 16), what);
}

jobs::Work quick_work(const EngineRegistry& engines, const ServiceFolders& folders) {
    const auto worker = std::make_shared<const QuickWorker>(engines, folders);
    jobs::Work work;
    work.execute = [worker](const jobs::Claim& claim, const jobs::ReportProgress&, const CancelFlag& cancel) {
        return worker->execute(parse_quick_task(claim.job.spec), cancel);
    };
    return work;
}

}  // namespace stillreel::studio
