// cost_of: every tower is built and run on shapes alone.
#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "diffusion/clip_cost.h"
#include "diffusion/request_check.h"
#include "diffusion/unet_steps.h"
#include "tensor/meta/meta_backend.h"

namespace stillreel::diffusion {
namespace {

using nn::Pass;
using tensor::Ops;
using tensor::Shape;
using tensor::Tensor;

// The memory pool rounds tensors up to pages and hands out blocks that are a little larger than asked for.
// Measured over sizes and both memory modes: 1.5 to 4.5 %.
constexpr double kPoolShare = 1.04;

// Resident bytes of the process besides weights and activations: program and libraries, thread stacks, what
// the kernels gather and pack for themselves. Measured as the highest resident size of clips on the published
// sizes, less those two: 80 MiB, and 30 more for the libraries of the whole program.
constexpr std::uint64_t kProcessBytes = 110u << 20;

/// A tower on shapes: what it weighs, and what a part of its work costs.
template <class Tower>
class Rehearsal {
  public:
    /// load(model, source, ops) -> Tower
    template <class Load>
    Rehearsal(const I2VGenModel& model, Load load)
        : ops_(tensor::meta_ops()), source_(weights::shape_weights()), tower_(load(model, *source_, ops_)) {
        // Norms, biases and tables are tensors.
        packed_ = ops_.packed_bytes();
        weights_ = packed_ + ops_.pool().live_bytes();
        tables_ = ops_.pool().live_bytes();
        ops_.pool().reset_peak();
    }

    /// What run(tower, ops) does.
    template <class Run>
    Work work_of(Run run) {
        Work work;
        ops_.observe([&](const tensor::OpRecord& record) {
            work.add(record);
            note_packed();
        });
        run(tower_, ops_);
        ops_.observe({});
        return work;
    }

    std::uint64_t weight_bytes() const { return weights_ + layer_; }
    std::uint64_t activation_bytes() {
        return static_cast<std::uint64_t>(kPoolShare *
                                          static_cast<double>(ops_.pool().peak_bytes() - tables_));
    }

  private:
    /// What is packed after loading are layers that are streamed, one at a time: each before its first
    /// operation.
    void note_packed() {
        layer_ = std::max(layer_, ops_.packed_bytes() - packed_);
        packed_ = ops_.packed_bytes();
    }

    Ops ops_;
    std::unique_ptr<weights::WeightSource> source_;
    Tower tower_;
    std::uint64_t packed_ = 0;
    std::uint64_t weights_ = 0;
    std::uint64_t layer_ = 0;
    std::uint64_t tables_ = 0;
};

/// Bytes of the tensors in a component's files; 0 when they are not there.
std::uint64_t stored_bytes(const I2VGenModel& model, const char* component) {
    try {
        const auto source = open_component(model, component, "");
        std::uint64_t bytes = 0;
        for (const std::string& name : source->names()) {
            const auto data = source->find(name, {});
            if (data) bytes += tensor::bytes_of(data->type, data->shape);
            source->release(name);
        }
        return bytes;
    } catch (const Error&) {
        return 0;
    }
}

/// Counts the towers of one clip, one after another as they run.
class Estimate {
  public:
    Estimate(const I2VGenModel& model, const I2VGenRequest& request)
        : model_(model),
          request_(request),
          size_(latent_size_of(model, request)),
          batch_(batch_of(request)) {}

    I2VGenCost cost() {
        text();
        picture();
        encode();
        denoise();
        decode();
        for (const auto& [component, tower] :
             {std::pair{kTextEncoder, &cost_.text}, std::pair{kImageEncoder, &cost_.picture},
              std::pair{kVae, &cost_.vae}, std::pair{kUnet, &cost_.unet}}) {
            tower->stored_bytes = stored_bytes(model_, component);
            cost_.download_bytes += tower->stored_bytes;
            cost_.flops += tower->work.flops();
        }
        cost_.flops += std::accumulate(cost_.flops_of_steps.begin(), cost_.flops_of_steps.end(), 0.0) +
                       cost_.work_of_frame.flops() * cost_.frames;
        return cost_;
    }

  private:
    template <class Tower>
    void leave(Rehearsal<Tower>& tower) {
        cost_.peak_bytes =
            std::max(cost_.peak_bytes, tower.weight_bytes() + tower.activation_bytes() + kProcessBytes);
    }

    void text() {
        Rehearsal<models::ClipText> text(model_, stream_text);
        cost_.text.work = text.work_of([&](const models::ClipText& tower, Ops& ops) {
            const std::vector<std::int64_t> ids(static_cast<std::size_t>(batch_ * model_.text.context));
            tower.encode(Pass{ops}, ids, request_.clip_skip);
        });
        leave(text);
    }

    void picture() {
        Rehearsal<models::ClipVision> vision(model_, stream_vision);
        cost_.picture.work = vision.work_of([&](const models::ClipVision& tower, Ops& ops) {
            tower(Pass{ops}, ops.empty({1, model_.vision.image_px, model_.vision.image_px, 3}));
        });
        leave(vision);
    }

    void encode() {
        Rehearsal<models::VaeEncoder> encoder(model_, load_encoder);
        cost_.vae.work = encoder.work_of([&](const models::VaeEncoder& tower, Ops& ops) {
            tower.moments(Pass{ops}, ops.empty({1, request_.height_px, request_.width_px, 3}));
        });
        leave(encoder);
    }

    void denoise() {
        Rehearsal<models::I2VGenUnet> unet(
            model_, [&](const I2VGenModel& model, weights::WeightSource& source, Ops& ops) {
                return load_unet(model, source, ops, request_.precision);
            });
        const auto latents = [&](std::int64_t clips) {
            return Shape{clips * size_.frames, size_.height, size_.width, size_.channels};
        };
        const std::vector<StepWork> plan = plan_of(request_);
        std::optional<UnetSteps> steps;
        cost_.unet.work = unet.work_of([&](const models::I2VGenUnet& tower, Ops& ops) {
            const models::UnetInputs inputs{
                ops.empty({batch_, model_.text.context, model_.text.width}),
                ops.empty({batch_, 1, model_.unet.context_width}), ops.empty(latents(batch_)),
                std::vector<double>(static_cast<std::size_t>(batch_), request_.fps)};
            steps.emplace(tower, unet_pass(ops, model_, request_), inputs, plan,
                          request_.shortcuts.cache_branch);
        });
        std::map<StepWork, Work> counted;  // steps of a kind cost the same
        for (int step = 0; step < request_.steps; ++step) {
            const StepWork& kind = plan[static_cast<std::size_t>(step)];
            if (!counted.contains(kind)) {
                counted[kind] = unet.work_of([&](const models::I2VGenUnet&, Ops& ops) {
                    (*steps)(unet_pass(ops, model_, request_), step, ops.empty(latents(kind.clips)), 999);
                });
            }
            cost_.work_of_steps.push_back(counted[kind]);
            cost_.flops_of_steps.push_back(counted[kind].flops());
        }
        cost_.flops_per_step = *std::max_element(cost_.flops_of_steps.begin(), cost_.flops_of_steps.end());
        cost_.weight_bytes = unet.weight_bytes();
        cost_.activation_bytes = unet.activation_bytes();
        leave(unet);
    }

    void decode() {
        Rehearsal<models::VaeDecoder> decoder(
            model_, [&](const I2VGenModel& model, weights::WeightSource& source, Ops& ops) {
                return load_decoder(model, source, ops, request_.precision);
            });
        cost_.work_of_frame = decoder.work_of([&](const models::VaeDecoder& tower, Ops& ops) {
            tower.decode(Pass{ops}, ops.empty({1, size_.height, size_.width, size_.channels}));
        });
        cost_.frames = request_.frames;
        leave(decoder);
    }

    const I2VGenModel& model_;
    const I2VGenRequest& request_;
    const LatentSize size_;
    const std::int64_t batch_;
    I2VGenCost cost_;
};

}  // namespace

I2VGenCost cost_of(const I2VGenModel& model, const I2VGenRequest& request) {
    check_request(model, request);
    return Estimate(model, request).cost();
}

I2VGenCost cost_of(const weights::ModelFolder& model, const I2VGenRequest& request) {
    return cost_of(read_model(model), request);
}

}  // namespace stillreel::diffusion
