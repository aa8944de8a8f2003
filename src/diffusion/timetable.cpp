#include "diffusion/timetable.h"

namespace stillreel::diffusion {

Timetable::Timetable(const I2VGenCost& cost, const Pace& pace, const Pace& decoding) : frames_(cost.frames) {
    picture_ = pace.seconds_to_load(cost.text.stored_bytes) + pace.seconds(cost.text.work);
    encode_ = picture_ + pace.seconds_to_load(cost.picture.stored_bytes) + pace.seconds(cost.picture.work);
    unet_ = encode_ + pace.seconds_to_load(cost.vae.stored_bytes) + pace.seconds(cost.vae.work);
    prepare_ = unet_ + pace.seconds_to_load(cost.unet.stored_bytes);
    double now = prepare_ + pace.seconds(cost.unet.work);
    steps_.push_back(now);
    for (const Work& step : cost.work_of_steps) steps_.push_back(now += pace.seconds(step));
    frame_ = decoding.seconds(cost.work_of_frame);
    total_ = now + pace.seconds_to_load(cost.vae.stored_bytes) + frame_ * frames_;
}

}  // namespace stillreel::diffusion
