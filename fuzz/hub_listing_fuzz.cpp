// What a server sends as a list of files and as a model_index.json either gives a choice of files that stay
// in the model's folder, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "weights/hub_listing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t half = text.find('\n');  // the listing, then the index
    try {
        const auto listing = stillreel::weights::parse_hub_listing(text.substr(0, half), "owner/name");
        for (const auto& file : listing.files)
            if (file.path.empty() || file.path.front() == '/' || file.path.find("..") == 0) std::abort();
        if (half != std::string_view::npos)
            stillreel::weights::choose_files(listing, text.substr(half + 1), size % 2 == 0 ? "" : "fp16");
    } catch (const stillreel::Error&) {
    }
    return 0;
}
