#include "animatic/effects.h"

#include <algorithm>

#include "animatic/clouds.h"
#include "animatic/drifting.h"
#include "animatic/effect.h"
#include "animatic/fog.h"
#include "animatic/lamp_light.h"
#include "animatic/lightning.h"
#include "animatic/police_lights.h"
#include "animatic/rain.h"
#include "animatic/smoke.h"
#include "animatic/snow.h"
#include "animatic/sunlight.h"
#include "animatic/swaying.h"
#include "animatic/water.h"
#include "base/random.h"

namespace stillreel::animatic {
namespace {

using prompt::EffectKind;

EffectMaker maker_of(EffectKind kind) {
    switch (kind) {
        case EffectKind::rain:
            return make_rain;
        case EffectKind::snow:
            return make_snow;
        case EffectKind::fog:
            return make_fog;
        case EffectKind::smoke:
            return make_smoke;
        case EffectKind::dust:
        case EffectKind::embers:
        case EffectKind::leaves:
        case EffectKind::petals:
        case EffectKind::fireflies:
            return make_drifting;
        case EffectKind::police_lights:
            return make_police_lights;
        case EffectKind::candle:
            return make_candle;
        case EffectKind::neon:
            return make_neon;
        case EffectKind::lightning:
            return make_lightning;
        case EffectKind::sun_rays:
            return make_sun_rays;
        case EffectKind::sunrise:
        case EffectKind::sunset:
            return make_time_of_day;
        case EffectKind::water:
            return make_water;
        case EffectKind::foliage:
            return make_foliage;
        case EffectKind::clouds:
            return make_clouds;
        case EffectKind::cloth:
            return make_cloth;
    }
    return nullptr;
}

/// Three flashes a second is the limit of harmless (WCAG 2.3.1), for all lamps together.
double beacon_rate(const prompt::MotionPlan& plan) {
    const auto count = [&](EffectKind kind) {
        return std::count_if(plan.effects.begin(), plan.effects.end(),
                             [&](const auto& t) { return t.kind == kind; });
    };
    const double left_by_lightning = count(EffectKind::lightning) > 0 ? 2.0 : 3.0;
    return left_by_lightning /
           static_cast<double>(std::max<std::ptrdiff_t>(1, count(EffectKind::police_lights)));
}

}  // namespace

struct Effects::State {
    State(const Scene& scene, const prompt::MotionPlan& plan, const EffectOptions& given)
        : options(given), ambience(scene), noise(hash_bits(given.seed, 0x6e6f6973)) {
        const bool raining = std::any_of(plan.effects.begin(), plan.effects.end(),
                                         [](const auto& track) { return track.kind == EffectKind::rain; });
        const EffectSetting setting{scene,     options,         ambience, noise,
                                    plan.wind, plan.time_scale, raining,  beacon_rate(plan)};
        std::uint64_t number = 0;
        for (const prompt::EffectTrack& track : plan.effects) {
            const std::uint64_t seed =
                hash_bits(options.seed, ++number, static_cast<std::uint64_t>(track.kind));
            effects.push_back(maker_of(track.kind)(setting, track, seed));
        }
    }

    Lights lights_at(const Moment& moment) const {
        Lights lights;
        for (const auto& effect : effects) effect->illuminate(moment, lights);
        return lights;
    }

    EffectOptions options;
    Ambience ambience;
    NoiseTile noise;
    std::vector<std::unique_ptr<Effect>> effects;  // refer to the members above
};

Effects::Effects(const Scene& scene, const prompt::MotionPlan& plan, const EffectOptions& options)
    : state_(std::make_unique<State>(scene, plan, options)) {}
Effects::Effects(Effects&&) noexcept = default;
Effects& Effects::operator=(Effects&&) noexcept = default;
Effects::~Effects() = default;

bool Effects::none() const { return state_->effects.empty(); }

std::vector<std::string> Effects::notes() const {
    std::vector<std::string> lines;
    for (const auto& effect : state_->effects) {
        std::string line = effect->note();
        if (!line.empty() && std::find(lines.begin(), lines.end(), line) == lines.end()) {
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

void Effects::move_surfaces(FrameGrid& grid, const Moment& moment) const {
    for (const auto& effect : state_->effects) effect->displace(grid, moment);
}

void Effects::shade(FrameGrid& grid, const Moment& moment) const {
    const Lights lights = state_->lights_at(moment);
    for (const auto& effect : state_->effects) effect->shade(grid, moment);
    for (const auto& effect : state_->effects) effect->veil(grid, moment, lights);
}

ParticleBatch Effects::particles(const FrameGrid& grid, const Moment& moment) const {
    const Lights lights = state_->lights_at(moment);
    std::vector<Particle> particles;
    for (const auto& effect : state_->effects) effect->emit(moment, lights, particles);
    return make_batch(particles, grid, state_->options.frame);
}

void Effects::draw_particles(const ParticleBatch& batch, const FrameGrid& grid, FrameBuffer& frame,
                             int row_begin, int row_end) const {
    draw_batch(batch, grid, frame, row_begin, row_end);
}

}  // namespace stillreel::animatic
