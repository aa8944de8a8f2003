#include "diffusion/sampler.h"

#include "base/error.h"
#include "diffusion/multistep_samplers.h"
#include "diffusion/single_step_samplers.h"

namespace stillreel::diffusion {

std::unique_ptr<Sampler> Sampler::create(SamplerKind kind, const ScheduleConfig& config, int steps) {
    switch (kind) {
        case SamplerKind::ddim:
            return std::make_unique<DdimSampler>(config, steps);
        case SamplerKind::euler:
            return std::make_unique<EulerSampler>(config, steps);
        case SamplerKind::dpmpp_2m:
            return std::make_unique<DpmppSampler>(config, steps);
        case SamplerKind::unipc:
            break;
    }
    return std::make_unique<UniPcSampler>(config, steps);
}

double Sampler::input_scale(int) const { return 1; }

void Sampler::restore(int, std::vector<std::vector<float>> history) {
    if (!history.empty())
        throw Error(ErrorCode::corrupt_data,
                    "the checkpoint holds a history that this scheduler does not have");
}

}  // namespace stillreel::diffusion
