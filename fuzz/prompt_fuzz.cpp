// Any bytes as a prompt: a plan whose phrases lie in order and whose camera compiles to a path that reads
// back, or an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "prompt/camera_path.h"
#include "prompt/motion_plan.h"
#include "prompt/plan_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace stillreel::prompt;
    MotionPlan plan;
    try {
        plan = parse_prompt({reinterpret_cast<const char*>(data), size});
    } catch (const stillreel::Error&) {
        return 0;
    }
    std::size_t end = 0;
    for (const Phrase& phrase : plan.phrases) {
        STILLREEL_CHECK(end <= phrase.begin && phrase.begin < phrase.end && phrase.end <= size);
        end = phrase.end;
    }
    to_table(plan);
    to_json(plan);
    parse_camera_path(to_json(compile_camera(plan, {})));
    return 0;
}
