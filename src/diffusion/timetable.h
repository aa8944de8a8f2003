// When each part of a clip begins, in seconds of work from its start: towers are loaded and run one after
// another, then come the steps of the denoising, then the frames.
#pragma once

#include <vector>

#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/work.h"

namespace stillreel::diffusion {

class Timetable {
  public:
    Timetable(const I2VGenCost& cost, const Pace& pace) : Timetable(cost, pace, pace) {}
    /// Decoding has its own pace.
    Timetable(const I2VGenCost& cost, const Pace& pace, const Pace& decoding);

    /// Loading the text encoder begins at 0. Here begins loading the image encoder, the VAE's encoder, the
    /// UNet; and what the UNet works out once, when it is loaded.
    double picture() const { return picture_; }
    double encode() const { return encode_; }
    double unet() const { return unet_; }
    double prepare() const { return prepare_; }
    /// Step `index` begins; the number of steps: the last one has ended.
    double step(int index) const { return steps_[static_cast<std::size_t>(index)]; }
    /// Frame `number` begins; the number of frames: all is done.
    double frame(int number) const { return total_ - frame_ * (frames_ - number); }
    double total() const { return total_; }

  private:
    double picture_ = 0, encode_ = 0, unet_ = 0, prepare_ = 0;
    std::vector<double> steps_;  // one more than there are steps
    double frame_ = 0;
    int frames_ = 0;
    double total_ = 0;
};

}  // namespace stillreel::diffusion
