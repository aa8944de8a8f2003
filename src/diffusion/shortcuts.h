// Ways to make a clip in less time that change it: none of them is taken unless it is asked for. What they
// leave out is decided before the first step, so that estimates know it too.
#pragma once

#include <compare>
#include <string_view>
#include <vector>

namespace stillreel::diffusion {

/// One of every four stays.
inline constexpr double kMostMergedTokens = 0.75;

struct Shortcuts {
    /// The UNet's deep features are worked out at every so many steps, and at the first and the last one;
    /// between them they are reused and the outer layers alone run (DeepCache, Ma et al. 2023). 1: always.
    int cache_interval = 1;
    /// How many of the UNet's outermost skip connections such a step works out anew (models::DeepFeatures).
    int cache_branch = 1;
    /// Fractions of the steps between which guidance is on: before and after, the prompt's half of the pair
    /// runs alone, unguided (Kynkäänniemi et al. 2024). 0 and 1: in all of them.
    double guidance_start = 0;
    double guidance_end = 1;
    /// Of the guided steps, the negative prompt's half runs at every so many, at the first of them and at the
    /// last step; between them what it said beside the prompt's half is taken for unchanged (the residual of
    /// Lv et al. 2024, FasterCache). 1: at all of them.
    int guidance_interval = 1;
    /// Of the tokens of the UNet's largest images so many are merged into others like them while attention
    /// within an image looks at them (Bolya & Hoffman 2023): 0 to kMostMergedTokens. 0: none.
    double merge_tokens = 0;

    friend bool operator==(const Shortcuts&, const Shortcuts&) = default;
};

enum class Speed { exact, fast, draft };
/// "exact", "fast", "draft".
std::string_view name_of(Speed speed);
/// What a speed stands for. Measured in docs/performance.md.
Shortcuts shortcuts_of(Speed speed);

/// What happens to the UNet's deep features at a step.
enum class DeepWork { worked_out, kept, reused };  // kept: worked out, and reused at the next step

/// What a step knows about the negative prompt.
enum class NegativeWork { none, worked_out, reused };

struct StepWork {
    int clips = 1;  // halves of a guided pair that run: 2 where the negative one is worked out
    DeepWork deep = DeepWork::worked_out;
    NegativeWork negative = NegativeWork::none;

    friend auto operator<=>(const StepWork&, const StepWork&) = default;
};

/// One for each step; `clips` of a guided step (2), or of any where there is no guidance (1). A step that
/// needs both halves never reuses the features of one.
std::vector<StepWork> plan_steps(const Shortcuts& shortcuts, int steps, int clips);

}  // namespace stillreel::diffusion
