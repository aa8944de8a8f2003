#include "diffusion/machine_bench.h"

#include <fmt/core.h>

#include <numeric>

#include "diffusion/clip_cost.h"
#include "diffusion/machine_rate.h"
#include "diffusion/timetable.h"
#include "diffusion/tower_memory.h"
#include "diffusion/unet_stage.h"
#include "tensor/cpu/cpu_backend.h"

namespace stillreel::diffusion {
namespace {

using tensor::Ops;
using tensor::Precision;

constexpr int kSide_px = 256;
constexpr int kSmallSide_px = 128;
constexpr int kFrames = 8;
// A pass that would take longer is measured on something smaller.
constexpr double kMostSecondsOfPass = 10;

/// What a pass is measured on.
struct Stage {
    int clips;
    int side_px;
};
// The first one should be what a clip's steps are.
constexpr Stage kStages[] = {{2, kSide_px}, {1, kSide_px}, {1, kSmallSide_px}};

Ops cpu_ops(int threads, const CancelFlag* cancel) {
    return Ops(tensor::cpu_backend(threads, cancel), tensor::Pool::create(tensor::Pool::Kind::memory));
}

/// The second of two runs.
template <class Run>
MeasuredPiece measured(Ops& ops, Run run) {
    run();
    MeasuredPiece piece;
    ops.observe([&](const tensor::OpRecord& record) {
        piece.work.add(record);
        piece.seconds[static_cast<std::size_t>(kind_of(record))] += record.seconds;
    });
    run();
    ops.observe({});
    return piece;
}

I2VGenRequest clip_of(int side_px, Precision precision) {
    I2VGenRequest request;
    request.width_px = request.height_px = side_px;
    request.frames = kFrames;
    request.steps = 1;
    request.precision = precision;
    return request;
}

/// The largest that does not take too long, where a pass of the first one takes so many seconds.
Stage stage_for(double seconds) {
    const double work = kStages[0].clips * kStages[0].side_px * kStages[0].side_px;
    for (const Stage& stage : kStages)
        if (seconds * stage.clips * stage.side_px * stage.side_px <= kMostSecondsOfPass * work) return stage;
    return kStages[std::size(kStages) - 1];
}

MeasuredPiece measure_unet(const MachineBenchRequest& request, const Stage& on, Precision precision,
                           const CancelFlag* cancel) {
    UnetBenchRequest bench;
    bench.config = request.model.unet;
    bench.clips = on.clips;
    bench.width_px = bench.height_px = on.side_px;
    bench.frames = kFrames;
    bench.threads = request.threads;
    bench.precision = precision;
    Ops ops = cpu_ops(request.threads, cancel);
    const auto source = weights::repeated_weights();
    const UnetStage stage(ops, *source, bench);
    return measured(ops, [&] { stage.run(); });
}

MeasuredPiece measure_frame(const MachineBenchRequest& request, Precision precision,
                            const CancelFlag* cancel) {
    Ops ops = cpu_ops(request.threads, cancel);
    const auto source = weights::repeated_weights();
    const models::VaeDecoder decoder = load_decoder(request.model, *source, ops, precision);
    const std::int64_t side = kSide_px / request.model.vae.scale();
    const std::vector<float> latents(
        static_cast<std::size_t>(side * side * request.model.vae.latent_channels), 0.5f);
    const tensor::Tensor input = ops.upload({1, side, side, request.model.vae.latent_channels}, latents);
    return measured(ops, [&] { decoder.decode(nn::Pass{ops}, input); });
}

void calibrate(Pace& pace, const MeasuredPiece& piece) {
    for (std::size_t kind = 0; kind < kWorkKinds; ++kind)
        pace.calibrate(static_cast<WorkKind>(kind), piece.work, piece.seconds[kind]);
}

}  // namespace

double MeasuredPiece::total() const { return std::accumulate(seconds.begin(), seconds.end(), 0.0); }

Pace MachineBench::pace_of_unet(Precision precision) const {
    Pace pace(speed);
    for (const MeasuredModel& model : models)
        if (model.precision == precision) calibrate(pace, model.pass);
    return pace;
}

Pace MachineBench::pace_of_decoding(Precision precision) const {
    Pace pace(speed);
    for (const MeasuredModel& model : models)
        if (model.precision == precision) calibrate(pace, model.frame);
    return pace;
}

double MachineBench::seconds_of(const I2VGenCost& cost, Precision precision) const {
    return Timetable(cost, pace_of_unet(precision), pace_of_decoding(precision)).total();
}

double MachineBench::score(const I2VGenModel& model, Precision precision) const {
    const I2VGenCost cost = cost_of(model, clip_of(kSide_px, precision));
    return 60 / pace_of_unet(precision).seconds(cost.work_of_steps.front());
}

MachineBench bench_machine(const MachineBenchRequest& request, const CancelFlag* cancel) {
    const auto begin = [&](const std::string& piece) {
        if (cancel) cancel->throw_if_requested();
        if (request.begins) request.begins(piece);
    };
    MachineBench bench;
    bench.threads = request.threads;
    begin("products and copies");
    bench.speed = measure_speed(request.threads);
    for (const Precision precision : tensor::kPrecisions) {
        const I2VGenCost cost = cost_of(request.model, clip_of(kSide_px, precision));
        if (cost.peak_bytes > request.free_bytes) continue;
        const Stage stage = stage_for(Pace(bench.speed).seconds(cost.work_of_steps.front()));
        begin(fmt::format("the UNet, {}", name_of(precision)));
        MeasuredModel model{precision, stage.side_px, stage.clips, kFrames, {}, {}};
        model.pass = measure_unet(request, stage, precision, cancel);
        release_free_memory();
        begin(fmt::format("the VAE, {}", name_of(precision)));
        model.frame = measure_frame(request, precision, cancel);
        release_free_memory();
        bench.models.push_back(std::move(model));
    }
    return bench;
}

}  // namespace stillreel::diffusion
