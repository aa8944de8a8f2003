#include "animatic/exact_layers.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace stillreel::animatic {
namespace {

image::Image noise_picture(image::Size size) {
    image::Image picture(size.width_px, size.height_px, 3);
    for (std::size_t i = 0; i < picture.pixels.size(); ++i)
        picture.pixels[i] = static_cast<std::uint8_t>(hash_bits(i) >> 56);
    return picture;
}

/// Layers that show something else than the picture: grey at the back, patches of any alpha before it.
Scene wrong_scene(image::Size size) {
    Scene scene;
    scene.size = size;
    for (int k = 0; k < 3; ++k) {
        Layer layer{image::Image(size.width_px, size.height_px, 4), image::Plane(4, 4, 1.0f), false};
        for (std::size_t i = 0; i < layer.texture.pixels.size(); i += 4) {
            const int alpha = k == 0 ? 255 : static_cast<int>(hash_bits(i, k) >> 56);
            for (int c = 0; c < 3; ++c) layer.texture.pixels[i + c] = static_cast<std::uint8_t>(alpha / 2);
            layer.texture.pixels[i + 3] = static_cast<std::uint8_t>(alpha);
        }
        scene.layers.push_back(std::move(layer));
    }
    return scene;
}

TEST(ExactLayers, OnTopOfEachOtherTheyShowThePicture) {
    const image::Size size{37, 23};
    const image::Image picture = noise_picture(size);
    Scene scene = wrong_scene(size);
    ThreadPool pool(2);
    show_exactly(picture, scene, pool);
    for (int y = 0; y < size.height_px; ++y)
        for (int x = 0; x < size.width_px; ++x) {
            float colour[3] = {};
            for (const Layer& layer : scene.layers) {
                const std::uint8_t* texel = layer.texture.at(x, y);
                for (int c = 0; c < 3; ++c) {
                    EXPECT_LE(texel[c], texel[3]) << "premultiplied";
                    colour[c] =
                        static_cast<float>(texel[c]) + colour[c] * (1 - static_cast<float>(texel[3]) / 255);
                }
            }
            for (int c = 0; c < 3; ++c) EXPECT_NEAR(colour[c], picture.at(x, y)[c], 3);
            EXPECT_EQ(scene.layers[0].texture.at(x, y)[3], 255);
        }
}

TEST(ExactLayers, OnlyMovesThatLeaveThePlaceNeedDepth) {
    prompt::MotionPlan plan;
    const auto stays = [&](prompt::CameraMove move) {
        plan.camera.assign(1, {});
        plan.camera[0].move = move;
        return stays_in_place(prompt::compile_camera(plan, {}));
    };
    using enum prompt::CameraMove;
    for (const auto move : {hold, pan, tilt, roll, zoom}) EXPECT_TRUE(stays(move)) << prompt::name_of(move);
    for (const auto move : {dolly, truck, pedestal, orbit, handheld})
        EXPECT_FALSE(stays(move)) << prompt::name_of(move);
}

}  // namespace
}  // namespace stillreel::animatic
