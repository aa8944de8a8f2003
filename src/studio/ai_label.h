// The AI-content label that China's GB 45438-2025 asks for, in the two forms of the standard.
//
// Implicit: a metadata key AIGC whose value is JSON. Label "1": is made by AI. ContentProducer, ProduceID:
// who made it, and the number of the piece with that maker. ReservedCode1: the maker's own protection of the
// label, unused here. ContentPropagator, PropagateID, ReservedCode2: the same for the platform that spreads
// it, which fills them in.
//
// Explicit: words burnt into the picture, at least 5 % of the shorter side high, for at least the first two
// seconds.
#pragma once

#include <string>
#include <string_view>

#include "base/rational.h"
#include "image/image.h"
#include "studio/clip_spec.h"

namespace stillreel::studio {

/// The value of the AIGC key. `produce_id` is a digest of what the clip was made from: equal for equal clips.
std::string aigc_json(std::string_view produce_id);

/// The spec's language; from_prompt becomes zh when the prompt holds Chinese characters, else en.
LabelLanguage label_language(const ClipSpec& spec);

/// How many frames carry the visible label: two seconds, rounded up, or the whole of a shorter clip.
int labelled_frames(const Rational& fps, int frames);

/// White words on a dark plate, in the top left corner and inside of the 5 % safe area.
class VisibleLabel {
  public:
    /// `language`: zh or en.
    VisibleLabel(image::Size frame, LabelLanguage language);

    /// Draws over an RGB or RGBA picture of the frame's size.
    void draw(image::Image& frame) const;

    /// The words' box, without the plate.
    const image::Rect& words() const { return words_; }
    const image::Rect& plate() const { return plate_; }

  private:
    image::Image mask_;  // grey, of the words' size
    image::Rect words_;
    image::Rect plate_;
};

}  // namespace stillreel::studio
