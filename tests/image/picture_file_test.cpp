#include "image/picture_file.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::image {
namespace {

using stillreel::testing::ScratchFolder;

/// Every sample tells its place.
Image chart(int width, int height, int channels) {
    Image picture(width, height, channels);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < channels; ++c)
                picture.at(x, y)[c] = static_cast<std::uint8_t>(x * 3 + y * 7 + c * 50);
    return picture;
}

TEST(WritePng, ComesBackAsItWas) {
    const ScratchFolder scratch;
    const Image picture = chart(37, 21, 3);
    write_png(scratch / "a.png", picture);
    EXPECT_EQ(read_picture(scratch / "a.png").pixels, picture.pixels);

    const PictureFacts facts = probe_picture(scratch / "a.png");
    EXPECT_EQ(facts.format, FileFormat::png);
    EXPECT_EQ(facts.size, (Size{37, 21}));
    EXPECT_FALSE(facts.has_alpha);
    EXPECT_EQ(facts.bits, 8);
}

TEST(WritePng, PlaneKeeps16Bits) {
    const ScratchFolder scratch;
    Plane plane(32, 16);
    for (std::size_t i = 0; i < plane.values.size(); ++i) plane.values[i] = static_cast<float>(i) / 511.0f;
    plane.values[3] = -1.0f;
    plane.values[4] = 2.0f;
    write_png(scratch / "map.png", plane);
    const Plane back = read_map(scratch / "map.png", MapSource::grey);
    EXPECT_EQ(back.values[3], 0.0f);
    EXPECT_EQ(back.values[4], 1.0f);
    for (std::size_t i = 5; i < plane.values.size(); ++i)
        ASSERT_NEAR(back.values[i], plane.values[i], 1.0f / 65535);
    EXPECT_EQ(probe_picture(scratch / "map.png").bits, 16);
}

}  // namespace
}  // namespace stillreel::image
