// The procedural engine: a still picture, a plan of what moves, and out come frames. Always there, needs no
// download. Frames are a pure function of (inputs, options, frame number): equal bits for any thread count.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "animatic/frame_grid.h"
#include "base/rational.h"
#include "image/image.h"
#include "image/picture_file.h"
#include "prompt/camera_path.h"
#include "prompt/motion_plan.h"

namespace stillreel::animatic {

struct Inputs {
    image::Image picture;                // RGB
    std::optional<image::Plane> depth;   // white near
    std::optional<image::Plane> subject; // 1 = subject
};

enum class Fit { cover, contain };
enum class Loop { none, pingpong, seamless };

/// A point of the picture as fractions of its width and height.
struct FocusPoint {
    double x = 0.5;
    double y = 0.5;
};

struct Options {
    image::Size frame;
    Rational fps{24, 1};
    int frames = 96;
    std::uint64_t seed = 0;
    Fit fit = Fit::cover;
    std::optional<image::Colour> background;  // for contain; none: a blurred copy of the picture
    std::optional<FocusPoint> focus;          // what the crop keeps; none: the subject
    Loop loop = Loop::none;
    bool allow_flashing = false;
    int threads = 1;
};

/// The size at which a picture is best decoded for a frame of this size: the crop of it that fills the frame then has
/// a little more detail than the frame shows.
image::Size wanted_picture_size(image::Size picture, image::Size frame, Fit fit);

class Animatic {
  public:
    /// Analyses the picture, builds the layers and finds a framing that has room for the whole move.
    /// Throws invalid_argument (a given map of another aspect).
    static Animatic prepare(Inputs inputs, const prompt::MotionPlan& plan, const prompt::CameraPath& path,
                            const Options& options);

    Animatic(Animatic&&) noexcept;
    Animatic& operator=(Animatic&&) noexcept;
    ~Animatic();

    /// Draws frame `number` (0 ... frames - 1) into `frame`, RGBA with alpha 255, resized when it has another size.
    void render(int number, FrameBuffer& frame);

    /// Lines for the user: "the pan uses up the picture's room after 2.4 s and holds there".
    const std::vector<std::string>& notes() const;

    /// How much of the move fits: 1 all of it, 0.5 half. And the crop that the frame shows at the start.
    double move_fraction() const;

    /// depth.png, subject.png, regions, each layer, framing.json.
    void write_debug(const std::filesystem::path& folder) const;

  private:
    struct State;
    explicit Animatic(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::animatic
