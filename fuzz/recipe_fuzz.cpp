// Any bytes as the comment of a clip: a recipe that reads the same when it is written again, or an Error. A
// second half of the input, after a zero byte, is laid over its spec as options beside --from would be.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "studio/recipe.h"

namespace {

using namespace stillreel::studio;

void merge_over(ClipSpec spec, std::string_view overrides) {
    try {
        merge(spec, overrides);
    } catch (const stillreel::Error&) {
        return;
    }
    STILLREEL_CHECK(to_json(parse_clip_spec(to_json(spec))) == to_json(spec));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view comment = input.substr(0, input.find('\0'));
    const std::string_view overrides = input.substr(std::min(size, comment.size() + 1));
    Recipe recipe;
    try {
        recipe = parse_recipe(comment);
    } catch (const stillreel::Error&) {
        merge_over({}, comment);
        return 0;
    }
    STILLREEL_CHECK(looks_like_recipe(comment));
    merge_over(recipe.spec, overrides);
    const std::string again = comment_of(recipe);
    if (recipe.spec.recipe == RecipeMode::full) STILLREEL_CHECK(comment_of(parse_recipe(again)) == again);
    return 0;
}
