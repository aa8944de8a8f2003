// Any bytes as a job sheet: clips as JSON objects, or an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "studio/job_sheet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        for (const auto& clip :
             stillreel::studio::parse_job_sheet({reinterpret_cast<const char*>(data), size}))
            STILLREEL_CHECK(clip.front() == '{' && clip.back() == '}');
    } catch (const stillreel::Error&) {
    }
    return 0;
}
