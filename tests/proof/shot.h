// Shooting a clip in a test, through the doors that the product uses: words -> plan -> path -> frames.
#pragma once

#include <string>
#include <vector>

#include "animatic/animatic.h"
#include "proof/made_scene.h"

namespace stillreel::testing {

struct Shot {
    image::Size frame{384, 216};
    Rational fps{12, 1};
    int frames = 13;
    std::uint64_t seed = 1;
    int threads = 2;
};

animatic::Animatic shoot(animatic::Inputs inputs, const std::string& prompt, const Shot& shot = {});
animatic::Animatic shoot(const MadeScene& scene, const std::string& prompt, const Shot& shot = {});

image::Image frame_of(animatic::Animatic& clip, int number);

}  // namespace stillreel::testing
