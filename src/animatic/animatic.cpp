#include "animatic/animatic.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <utility>

#include "animatic/camera_run.h"
#include "animatic/debug_pictures.h"
#include "animatic/effects.h"
#include "animatic/exact_layers.h"
#include "animatic/framing.h"
#include "animatic/picture_fit.h"
#include "animatic/raster.h"
#include "animatic/subject_motion.h"
#include "animatic/warp.h"
#include "base/check.h"
#include "base/threads.h"
#include "image/resize.h"

namespace stillreel::animatic {
namespace {

constexpr int kVertexRowsPerPiece = 8;
constexpr int kTileRowsPerBand = 4;

// A film camera's shutter is open for half of a frame.
constexpr double kShutterOpen = 0.5;
constexpr double kSharpOfHeight = 1.0 / 135;  // of motion while it is open needs no blur
constexpr double kExposureSpacing_px = 3;
constexpr int kMostExposures = 12;

int pieces_of(int count, int size) { return (count + size - 1) / size; }

double duration_of(const Options& options) { return options.frames / options.fps.value(); }

/// Frame number within the forward half when a clip plays there and back.
int folded(int number, const Options& options) {
    return options.loop == Loop::pingpong ? std::min(number, options.frames - number) : number;
}

/// Length of what is played before it repeats or turns round: what a plan's fractions of the clip refer to.
double played_s(const Options& options) {
    return options.loop == Loop::pingpong ? duration_of(options) / 2 : duration_of(options);
}

bool is_compound(const prompt::MotionPlan& plan) {
    return std::count_if(plan.camera.begin(), plan.camera.end(), [](const prompt::CameraTrack& track) {
               return track.move != prompt::CameraMove::hold && track.move != prompt::CameraMove::handheld;
           }) > 1;
}

FrameGrid blank_grid(image::Size frame, std::size_t layers) {
    FrameGrid grid;
    grid.columns = pieces_of(frame.width_px, kTilePx) + 1;
    grid.rows = pieces_of(frame.height_px, kTilePx) + 1;
    grid.layers.resize(layers);
    for (LayerGrid& layer : grid.layers)
        for (auto* field : {&layer.u, &layer.v, &layer.w, &layer.gain_r, &layer.gain_g, &layer.gain_b,
                            &layer.add_r, &layer.add_g, &layer.add_b})
            field->resize(grid.count());
    grid.front_w.resize(grid.count());
    return grid;
}

void lay_on(const image::Image& surround, const image::Rect& area, const FrameBuffer& inner,
            FrameBuffer& frame) {
    frame.pixels = surround.pixels;
    for (int y = 0; y < area.height_px; ++y)
        std::memcpy(frame.at(area.x, area.y + y), inner.row(y), inner.stride());
}

}  // namespace

struct Animatic::State {
    State(Inputs inputs, const prompt::MotionPlan& plan, const prompt::CameraPath& path,
          const Options& chosen);

    void analyse_and_build(Inputs inputs, bool layers_part);
    void frame_the_move(const prompt::MotionPlan& plan, const prompt::CameraPath& path);
    void prepare_vertices(const View& view, int row_begin, int row_end, double time_s);
    void prepare_grid(const Moment& moment);
    void for_bands(int height_px, const std::function<void(int tile_row, int tile_row_end)>& work);
    void draw_blurred(double time_s, int exposures, FrameBuffer& target);
    void draw(int number, FrameBuffer& target);

    Moment moment_at(double time_s) const;
    /// How many moments of an open shutter a frame must show so that a fast move is a streak and not a row of
    /// pictures; 1 unless the picture moves far within a frame.
    int exposures_at(double time_s) const;

    Options options;
    ThreadPool pool;
    image::Rect inner;      // where the picture lies in the frame; all of it when it covers
    image::Image surround;  // empty when the picture covers the frame
    Analysis analysis;
    Scene scene;
    CameraRun run;
    FittedFraming fitted;
    double base_focal_mm = prompt::kDefaultFocalMm;
    std::vector<std::string> notes;
    bool unchanging = false;  // every frame is the same

    std::unique_ptr<Raster> raster;
    std::unique_ptr<SubjectMotion> subject;
    std::unique_ptr<Effects> effects;

    FrameGrid grid;
    FrameBuffer exposure;                // one moment of a blurred frame
    std::vector<std::uint16_t> exposed;  // their sum
    FrameBuffer inner_frame;
    FrameBuffer first_frame;  // kept when unchanging
};

Animatic::State::State(Inputs inputs, const prompt::MotionPlan& plan, const prompt::CameraPath& path,
                       const Options& chosen)
    : options(chosen), pool(chosen.threads) {
    STILLREEL_CHECK(options.frames > 0 && options.frame.width_px > 0 && options.frame.height_px > 0);
    inner = {0, 0, options.frame.width_px, options.frame.height_px};
    if (options.fit == Fit::contain) {
        inner = contained_in(inputs.picture.size(), options.frame);
        if (inner.width_px < options.frame.width_px || inner.height_px < options.frame.height_px)
            surround = surround_of(inputs.picture, options.frame, options.background);
    }
    analyse_and_build(std::move(inputs), !stays_in_place(path) || !plan.subject.empty());
    raster = std::make_unique<Raster>(scene);
    grid = blank_grid({inner.width_px, inner.height_px}, scene.layers.size());
    frame_the_move(plan, path);

    const bool seamless = options.loop == Loop::seamless;
    subject = std::make_unique<SubjectMotion>(scene, plan, played_s(options), seamless);
    notes.insert(notes.end(), subject->notes().begin(), subject->notes().end());
    effects = std::make_unique<Effects>(scene, plan,
                                        EffectOptions{.frame = {inner.width_px, inner.height_px},
                                                      .duration_s = played_s(options),
                                                      .seed = options.seed,
                                                      .seamless = seamless,
                                                      .allow_flashing = options.allow_flashing});
    for (std::string& note : effects->notes()) notes.push_back(std::move(note));
    unchanging = prompt::is_still(run.path) && effects->none() && subject->none();
}

void Animatic::State::analyse_and_build(Inputs inputs, bool layers_part) {
    const image::Size frame{inner.width_px, inner.height_px};
    const image::Size whole = inputs.picture.size();
    const image::Rect centre_part = reachable_part(whole, frame, 0.5, 0.5);
    const bool is_long = centre_part.width_px < whole.width_px || centre_part.height_px < whole.height_px;
    const AnalysisInputs maps{std::move(inputs.depth), std::move(inputs.subject)};
    image::Image texture;
    const auto resize = [&] {
        const image::Size wanted = wanted_picture_size(inputs.picture.size(), frame, Fit::cover);
        texture = at_size(inputs.picture, wanted);
    };
    // Working out the depth takes as long as resampling: side by side, unless the part to resample depends on
    // it.
    pool.parallel_for(2, [&](int step) {
        if (step == 0) analysis = analyse(inputs.picture, maps);
        if (step == 1 && !is_long) resize();
    });
    if (options.focus) analysis.focus_x = options.focus->x, analysis.focus_y = options.focus->y;
    if (is_long) {
        const image::Rect part = reachable_part(whole, frame, analysis.focus_x, analysis.focus_y);
        analysis = part_of(analysis, whole, part);
        inputs.picture = image::crop(inputs.picture, part);
        resize();
    }
    inputs.picture = {};
    if (layers_part) {
        scene = build_scene(std::move(texture), analysis, options.threads);
    } else {
        scene = build_scene(texture, analysis, options.threads);
        show_exactly(texture, scene, pool);
    }
}

void Animatic::State::frame_the_move(const prompt::MotionPlan& plan, const prompt::CameraPath& path) {
    run.path = path;
    base_focal_mm = prompt::pose_at(path, 0).focal_mm;
    run.duration_s = duration_of(options);
    run.seed = options.seed;
    run.playing = options.loop == Loop::pingpong   ? Playing::there_and_back
                  : options.loop == Loop::seamless ? Playing::eased_there_and_back
                                                   : Playing::once;
    FramingRequest request{.frame = {inner.width_px, inner.height_px},
                           .focus_u = analysis.focus_x,
                           .focus_v = analysis.focus_y,
                           .base_focal_mm = base_focal_mm,
                           .times_s = {},
                           .compound = is_compound(plan)};
    for (int number = 0; number < options.frames; ++number)
        request.times_s.push_back(folded(number, options) / options.fps.value());
    fitted = fit_framing(scene, run, request);
    run.share = fitted.share;
    if (fitted.stop_s) run.stop_s = *fitted.stop_s;
    if (fitted.hold_still) {
        run.path = {};
        base_focal_mm = prompt::kDefaultFocalMm;
    }
    notes.insert(notes.end(), fitted.notes.begin(), fitted.notes.end());
}

void Animatic::State::prepare_vertices(const View& view, int row_begin, int row_end, double time_s) {
    const int begin = row_begin * grid.columns, end = row_end * grid.columns;
    for (std::size_t i = 0; i < scene.layers.size(); ++i) {
        LayerGrid& layer = grid.layers[i];
        warp_rows({&scene.layers[i].inverse_depth, scene.size}, fitted.framing, view, grid.columns, row_begin,
                  row_end, layer);
        if (scene.layers[i].is_subject && !subject->none()) subject->move(layer, begin, end, time_s);
        for (auto* field : {&layer.gain_r, &layer.gain_g, &layer.gain_b})
            std::fill(field->begin() + begin, field->begin() + end, 1.0f);
        for (auto* field : {&layer.add_r, &layer.add_g, &layer.add_b})
            std::fill(field->begin() + begin, field->begin() + end, 0.0f);
    }
    if (effects->none()) return;
    for (int vertex = begin; vertex < end; ++vertex) {
        int front = static_cast<int>(scene.layers.size()) - 1;
        while (front > 0 && alpha_at(scene.layers[front].texture, grid.layers[front].u[vertex],
                                     grid.layers[front].v[vertex]) < 128)
            --front;
        grid.front_w[vertex] = grid.layers[front].w[vertex];
    }
}

Moment Animatic::State::moment_at(double time_s) const {
    Moment moment;
    moment.time_s = time_s;
    moment.framing = fitted.framing;
    moment.view = view_of(run.pose(time_s), moment.framing, base_focal_mm, {inner.width_px, inner.height_px});
    return moment;
}

int Animatic::State::exposures_at(double time_s) const {
    const double half_open_s = kShutterOpen / options.fps.value() / 2;
    const View opening = moment_at(std::max(0.0, time_s - half_open_s)).view;
    const View closing = moment_at(std::min(played_s(options), time_s + half_open_s)).view;
    double way_px = 0;
    for (float across : {0.0f, 0.5f, 1.0f})
        for (float down : {0.0f, 0.5f, 1.0f}) {
            const float x = across * static_cast<float>(inner.width_px);
            const float y = down * static_cast<float>(inner.height_px);
            const Projected seen = closing.project(opening.unproject(x, y, 1));
            way_px = std::max(way_px, std::hypot(double{seen.x} - x, double{seen.y} - y));
        }
    if (way_px < std::max(4.0, kSharpOfHeight * inner.height_px)) return 1;
    return std::clamp(static_cast<int>(std::ceil(way_px / kExposureSpacing_px)), 2, kMostExposures);
}

void Animatic::State::prepare_grid(const Moment& moment) {
    for (LayerGrid& layer : grid.layers) layer.u2.clear(), layer.v2.clear(), layer.mix.clear();
    pool.parallel_for(pieces_of(grid.rows, kVertexRowsPerPiece), [&](int piece) {
        const int row = piece * kVertexRowsPerPiece;
        prepare_vertices(moment.view, row, std::min(row + kVertexRowsPerPiece, grid.rows), moment.time_s);
    });
    if (effects->none()) return;
    effects->move_surfaces(grid, moment);
    effects->shade(grid, moment);
}

void Animatic::State::for_bands(int height_px,
                                const std::function<void(int tile_row, int tile_row_end)>& work) {
    const int tile_rows = pieces_of(height_px, kTilePx);
    pool.parallel_for(pieces_of(tile_rows, kTileRowsPerBand), [&](int band) {
        const int first = band * kTileRowsPerBand;
        work(first, std::min(first + kTileRowsPerBand, tile_rows));
    });
}

void Animatic::State::draw_blurred(double time_s, int exposures, FrameBuffer& target) {
    exposure = FrameBuffer(target.width_px, target.height_px, 4);
    exposed.assign(target.pixels.size(), 0);
    for (int i = 0; i < exposures; ++i) {
        const double offset = ((i + 0.5) / exposures - 0.5) * kShutterOpen / options.fps.value();
        prepare_grid(moment_at(std::clamp(time_s + offset, 0.0, played_s(options))));
        for_bands(target.height_px, [&](int first, int last) {
            for (int row = first; row < last; ++row) raster->draw(grid, row, exposure);
            const std::size_t begin = first * kTilePx * target.stride();
            const std::size_t end = std::min(last * kTilePx * target.stride(), target.pixels.size());
            for (std::size_t k = begin; k < end; ++k) exposed[k] += exposure.pixels[k];
            if (i + 1 < exposures) return;
            for (std::size_t k = begin; k < end; ++k)
                target.pixels[k] = static_cast<std::uint8_t>((exposed[k] + exposures / 2) / exposures);
        });
    }
}

void Animatic::State::draw(int number, FrameBuffer& target) {
    const image::Size size{inner.width_px, inner.height_px};
    if (target.size() != size || target.channels != 4) target = FrameBuffer(size.width_px, size.height_px, 4);
    const Moment moment = moment_at(folded(number, options) / options.fps.value());
    const int exposures = exposures_at(moment.time_s);
    if (exposures > 1) draw_blurred(moment.time_s, exposures, target);

    prepare_grid(moment);
    ParticleBatch particles;
    if (!effects->none()) particles = effects->particles(grid, moment);
    for_bands(size.height_px, [&](int first, int last) {
        for (int row = first; exposures == 1 && row < last; ++row) raster->draw(grid, row, target);
        if (!effects->none())
            effects->draw_particles(particles, grid, target, first * kTilePx,
                                    std::min(last * kTilePx, size.height_px));
    });
}

Animatic::Animatic(std::unique_ptr<State> state) : state_(std::move(state)) {}
Animatic::Animatic(Animatic&&) noexcept = default;
Animatic& Animatic::operator=(Animatic&&) noexcept = default;
Animatic::~Animatic() = default;

Animatic Animatic::prepare(Inputs inputs, const prompt::MotionPlan& plan, const prompt::CameraPath& path,
                           const Options& options) {
    return Animatic(std::make_unique<State>(std::move(inputs), plan, path, options));
}

void Animatic::render(int number, FrameBuffer& frame) {
    State& state = *state_;
    STILLREEL_CHECK(number >= 0 && number < state.options.frames);
    if (state.unchanging && !state.first_frame.empty()) {
        frame = state.first_frame;
        return;
    }
    if (state.surround.empty()) {
        state.draw(state.unchanging ? 0 : number, frame);
    } else {
        state.draw(state.unchanging ? 0 : number, state.inner_frame);
        frame.width_px = state.options.frame.width_px;
        frame.height_px = state.options.frame.height_px;
        frame.channels = 4;
        lay_on(state.surround, state.inner, state.inner_frame, frame);
    }
    if (state.unchanging) state.first_frame = frame;
}

const std::vector<std::string>& Animatic::notes() const { return state_->notes; }

double Animatic::move_fraction() const { return state_->fitted.move_fraction; }

void Animatic::write_debug(const std::filesystem::path& folder) const {
    write_debug_pictures(folder, state_->analysis, state_->scene, state_->fitted);
}

}  // namespace stillreel::animatic
