// From what was asked to what is made: every default filled in, every number final.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/image.h"
#include "studio/clip_spec.h"

namespace stillreel::studio {

enum class EvenSize { needed, any };

struct ResolvedClip {
    image::Size frame;
    Rational fps{24, 1};
    int frames = 96;
    std::uint64_t seed = 0;
    int crf = 18;
    std::string encoder_preset;  // x264's name
    int steps = 0;               // of the denoising; 0: an engine without
    double guidance = 0;
    diffusion::Memory memory = diffusion::Memory::normal;
    std::vector<std::string> notes;  // what the user should know about the choices made

    double duration_s() const { return frames / fps.value(); }
};

/// The animatic engine's numbers for `spec` on a picture of this size (px, upright).
///   size      width and height as given; one of them, the other by the aspect; else the short side (size,
///   the
///             preset's, 720). The aspect is the spec's or the picture's. A side that is worked out is even;
///             one that was given odd is rounded down where the output needs it, with a note.
///   length    frames, or duration * fps; else the preset's frames / fps in seconds, else 4 s. fps: 24.
///   seed      the spec's, else a fresh one.
/// Throws invalid_argument when a side is outside of 16 to 4096 px or there are more than 10000 frames.
ResolvedClip resolve(const ClipSpec& spec, image::Size picture, EvenSize even);

/// A diffusion engine's numbers, which are those that a model was trained for unless the spec says otherwise:
/// size, frames, rate, steps and guidance of the preset ("standard" when none is named). Frames and rate are
/// literal: the model makes so many, and the file plays them at that rate.
///   size      as above, then each side rounded to the nearest multiple of `side_step_px`, with a note.
///   length    frames, or duration * fps; else the preset's frames. fps: the preset's.
/// Fields that only the animatic engine understands are named in a note. Throws as resolve.
ResolvedClip resolve_diffusion(const ClipSpec& spec, image::Size picture, int side_step_px);

}  // namespace stillreel::studio
