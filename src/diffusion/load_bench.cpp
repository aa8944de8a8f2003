#include "diffusion/load_bench.h"

#include <optional>

#include "base/clock.h"
#include "diffusion/clip_cost.h"
#include "diffusion/i2vgen_model.h"
#include "diffusion/packed_weights.h"
#include "diffusion/tower_memory.h"
#include "diffusion/watched_weights.h"
#include "tensor/cpu/cpu_backend.h"

namespace stillreel::diffusion {
namespace {

using nn::Pass;
using tensor::Ops;

class LoadBench {
  public:
    LoadBench(const LoadBenchRequest& request, const CancelFlag* cancel)
        : request_(request),
          cancel_(cancel),
          model_(read_model(request.model)),
          ops_(tensor::cpu_backend(request.run.threads, cancel),
               tensor::Pool::create(tensor::Pool::Kind::memory)) {}

    std::vector<LoadedTower> run() {
        const Stopwatch checking;
        check_weights(model_, request_.run.variant);
        towers_.push_back({"check", checking.seconds()});
        measure(kTextEncoder, kTextEncoder, stream_text, [&](const models::ClipText& tower) {
            const std::vector<std::int64_t> ids(static_cast<std::size_t>(2 * model_.text.context));
            tower.encode(Pass{ops_}, ids, 1);
        });
        measure(kImageEncoder, kImageEncoder, stream_vision, [&](const models::ClipVision& tower) {
            tower(Pass{ops_}, picture(model_.vision.image_px, model_.vision.image_px));
        });
        measure("vae encoder", kVae, load_encoder, [&](const models::VaeEncoder& tower) {
            tower.moments(Pass{ops_}, picture(request_.height_px, request_.width_px));
        });
        I2VGenRequest clip;
        clip.precision = request_.precision;
        const std::uint64_t unet_bytes = cost_of(model_, clip).weight_bytes;
        const auto unet = [&](const I2VGenModel& model, weights::WeightSource& source, Ops& ops) {
            return load_unet({model, request_.run, request_.precision, unet_bytes, {}}, source, ops);
        };
        measure(kUnet, kUnet, unet, {});
        const auto decoder = [&](const I2VGenModel& model, weights::WeightSource& source, Ops& ops) {
            return load_decoder(model, source, ops, request_.precision);
        };
        measure("vae decoder", kVae, decoder, {});
        return std::move(towers_);
    }

  private:
    tensor::Tensor picture(std::int64_t height, std::int64_t width) {
        return ops_.upload({1, height, width, 3},
                           std::vector<float>(static_cast<std::size_t>(height * width * 3)));
    }

    template <class Load,
              class Tower = std::invoke_result_t<Load, const I2VGenModel&, weights::WeightSource&, Ops&>>
    void measure(const char* name, const char* component, Load load,
                 std::type_identity_t<std::function<void(const Tower&)>> once) {
        LoadedTower result{name};
        const std::uint64_t before = ops_.packed_bytes();
        Stopwatch watch;
        auto source = watched(open_component(model_, component, request_.run.variant), cancel_);
        std::optional<Tower> tower(load(model_, *source, ops_));
        result.load_seconds = watch.seconds();
        watch.restart();
        if (once) once(*tower), result.run_seconds = watch.seconds();
        result.weight_bytes = ops_.packed_bytes() - before;
        watch.restart();
        tower.reset();
        source.reset();
        ops_.pool().trim();
        release_free_memory();
        result.leave_seconds = watch.seconds();
        towers_.push_back(result);
    }

    const LoadBenchRequest& request_;
    const CancelFlag* cancel_;
    const I2VGenModel model_;
    Ops ops_;
    std::vector<LoadedTower> towers_;
};

}  // namespace

std::vector<LoadedTower> bench_load(const LoadBenchRequest& request, const CancelFlag* cancel) {
    return LoadBench(request, cancel).run();
}

}  // namespace stillreel::diffusion
