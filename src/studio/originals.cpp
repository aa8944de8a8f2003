#include "studio/originals.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/file.h"
#include "image/picture_file.h"
#include "studio/uploads.h"

namespace stillreel::studio {
namespace {

constexpr std::uint64_t kMaxPictureBytes = 512u << 20;

Original read_original(const Source& source) {
    const image::PictureFacts facts = image::probe_picture(source.path);
    Original original;
    original.bytes = read_file(source.path, kMaxPictureBytes);
    original.record.name = source.name;
    original.record.sha256 =
        sha256_hex({reinterpret_cast<const char*>(original.bytes.data()), original.bytes.size()});
    original.record.size = facts.size;
    switch (facts.format) {
        case image::FileFormat::jpeg:
            original.extension = "jpg";
            break;
        case image::FileFormat::png:
            original.extension = "png";
            break;
        case image::FileFormat::webp:
            original.extension = "webp";
            break;
    }
    return original;
}

}  // namespace

Originals read_originals(const ClipRequest& request) {
    Originals originals;
    originals.picture = read_original(request.picture);
    if (request.depth) originals.depth = read_original(*request.depth);
    if (request.mask) originals.mask = read_original(*request.mask);
    return originals;
}

void keep_originals(const Originals& originals, const fs::path& uploads, const Observer& observer) {
    if (uploads.empty()) return;
    try {
        for (const Original* original : originals.all())
            UploadStore(uploads).keep(original->record.sha256, original->extension, original->bytes);
    } catch (const Error& error) {
        if (observer.note)
            observer.note(
                fmt::format("the original is not kept ({}): to repeat this clip its picture must be given",
                            error.what()));
    }
}

}  // namespace stillreel::studio
