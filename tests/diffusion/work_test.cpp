// Work in its kinds, the time that each takes, and when the parts of a clip begin.

#include <gtest/gtest.h>

#include "diffusion/machine_bench.h"
#include "diffusion/random_model.h"
#include "diffusion/timetable.h"
#include "diffusion/tiny_clips.h"
#include "support/throws.h"

namespace stillreel::diffusion {
namespace {

using testing::tiny_model;
using testing::tiny_request;

const MachineSpeed kSpeed{100e9, 200e9, 300e9, 10e9};

TEST(Work, IsCountedByWhatLimitsIt) {
    I2VGenRequest request = tiny_request();
    request.precision = tensor::Precision::int8;
    const I2VGenCost cost = cost_of(tiny_model(), request);
    const Work& step = cost.work_of_steps[0];
    for (const WorkKind kind : {WorkKind::product_f32, WorkKind::product_int8, WorkKind::attention,
                                WorkKind::frame_attention, WorkKind::norm, WorkKind::rest})
        EXPECT_GT(step.part(kind).bytes, 0) << static_cast<int>(kind);
    EXPECT_GT(step.part(WorkKind::product_int8).flops, 0);
    EXPECT_DOUBLE_EQ(step.flops(), cost.flops_of_steps[0]);
    Work twice = step;
    twice += step;
    EXPECT_DOUBLE_EQ(twice.flops(), 2 * step.flops());
    EXPECT_DOUBLE_EQ(Pace(kSpeed).seconds(twice), 2 * Pace(kSpeed).seconds(step));
}

TEST(Pace, WeighsEachKindOfWorkByTheMachinesSpeedAtIt) {
    Work floats, bytes;
    floats.part(WorkKind::product_f32).flops = 1e9;
    bytes.part(WorkKind::norm).bytes = 1e9;
    Work int8;
    int8.part(WorkKind::product_int8).flops = 1e9;
    const Pace pace(kSpeed);
    EXPECT_DOUBLE_EQ(pace.seconds(floats), 0.01);
    EXPECT_NEAR(pace.seconds(int8), 0.01 / 3, 1e-9);
    EXPECT_GT(pace.seconds(bytes), 0.1) << "slower than a copy";
    EXPECT_LT(pace.seconds(bytes), 0.3);
}

TEST(Pace, IsSetRightKindByKind) {
    Work work;
    work.part(WorkKind::product_f32) = {1e9, 1e8};
    work.part(WorkKind::norm) = {0, 1e8};
    Pace pace(kSpeed);
    const double norms = pace.seconds(WorkKind::norm, work);
    pace.calibrate(WorkKind::product_f32, work, 0.5);
    EXPECT_DOUBLE_EQ(pace.seconds(WorkKind::product_f32, work), 0.5);
    EXPECT_DOUBLE_EQ(pace.seconds(WorkKind::norm, work), norms);
    pace.calibrate(WorkKind::attention, work, 1);
    EXPECT_DOUBLE_EQ(pace.seconds(work), 0.5 + norms) << "of what there is none nothing is learnt";
}

TEST(Timetable, NamesWhenEachPartOfAClipBegins) {
    const I2VGenCost cost = cost_of(tiny_model(), tiny_request());
    const Pace pace(kSpeed);
    const Timetable times(cost, pace);
    const std::vector<double> begins = {0,
                                        times.picture(),
                                        times.encode(),
                                        times.unet(),
                                        times.prepare(),
                                        times.step(0),
                                        times.step(1),
                                        times.step(4),
                                        times.frame(0),
                                        times.frame(1),
                                        times.frame(tiny_request().frames)};
    for (std::size_t i = 1; i < begins.size(); ++i) EXPECT_GT(begins[i], begins[i - 1]) << i;
    EXPECT_DOUBLE_EQ(begins.back(), times.total());
    EXPECT_NEAR(times.step(3) - times.step(2), pace.seconds(cost.work_of_steps[2]), 1e-12);
    Pace slow = pace;
    for (const WorkKind kind : {WorkKind::product_f32, WorkKind::attention, WorkKind::norm, WorkKind::rest})
        slow.calibrate(kind, cost.work_of_frame, 2 * pace.seconds(kind, cost.work_of_frame));
    EXPECT_NEAR(Timetable(cost, pace, slow).total() - times.total(),
                cost.frames * pace.seconds(cost.work_of_frame), 1e-12);
}

TEST(MachineBench, OfASmallModelForetellsItsClips) {
    std::vector<std::string> pieces;
    const auto begins = [&](const std::string& piece) { pieces.push_back(piece); };
    const I2VGenModel model = known_model("tiny");
    const MachineBench bench = bench_machine({model, 1, std::uint64_t{1} << 40, begins}, nullptr);
    ASSERT_EQ(bench.models.size(), 3u);
    EXPECT_EQ(pieces.size(), 1 + 2 * bench.models.size());
    for (const MeasuredModel& measured : bench.models) {
        EXPECT_EQ(measured.clips, 2) << "a pass of so small a model is short enough for a pair";
        EXPECT_GT(measured.pass.total(), 0);
        EXPECT_GT(measured.pass.work.flops(), 0);
        EXPECT_NEAR(bench.pace_of_unet(measured.precision).seconds(measured.pass.work), measured.pass.total(),
                    1e-6 * measured.pass.total());
        EXPECT_NEAR(bench.pace_of_decoding(measured.precision).seconds(measured.frame.work),
                    measured.frame.total(), 1e-6 * measured.frame.total());
        EXPECT_GT(bench.score(model, measured.precision), 0);
    }
    I2VGenCost cost = cost_of(tiny_model(), tiny_request());
    for (const tensor::Precision precision : {tensor::Precision::f32, tensor::Precision::int8})
        EXPECT_NEAR(bench.seconds_of(cost, precision),
                    Timetable(cost, bench.pace_of_unet(precision), bench.pace_of_decoding(precision)).total(),
                    1e-12);
    const MachineBench nothing_fits = bench_machine({model, 1, 0, {}}, nullptr);
    EXPECT_TRUE(nothing_fits.models.empty());
    EXPECT_GT(nothing_fits.seconds_of(cost, tensor::Precision::f32), 0);
    CancelFlag cancel;
    cancel.request();
    EXPECT_ERROR(bench_machine({model, 1, 0, {}}, &cancel), ErrorCode::cancelled, "");
}

TEST(KnownModel, IsTheOneThatModelsRandomWrites) {
    EXPECT_EQ(known_model("i2vgen-xl").unet.channels, (std::vector<std::int64_t>{320, 640, 1280, 1280}));
    EXPECT_LT(known_model("tiny").unet.channels[0], 64);
    EXPECT_NEAR(static_cast<double>(known_model_bytes("i2vgen-xl").at("unet")) / 2.84e9, 1, 0.01);
    EXPECT_ERROR(known_model("huge"), ErrorCode::invalid_argument, "huge");
}

}  // namespace
}  // namespace stillreel::diffusion
