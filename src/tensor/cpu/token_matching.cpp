// Sources are the rows and destinations the panels of a product whose sums are compared as soon as a panel is
// done, so that they never leave the first cache.

#include "tensor/cpu/token_matching.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <vector>

#include "tensor/cpu/bf16_panels.h"
#include "tensor/cpu/likeness.h"
#include "tensor/cpu/product_rows.h"
#include "tensor/token_merging.h"

namespace stillreel::tensor {
namespace {

// Packed destinations that are ready at a time; images with more come one by one.
constexpr std::int64_t kReadyBytes = std::int64_t{16} << 20;

/// The destination that a source is most like, and how much.
struct Match {
    float likeness;
    std::int64_t destination;
};

/// Of equals the first. What fills the last panel up is its last destination again.
Match best_of(const Greatest& greatest, std::int64_t row, std::int64_t destinations) {
    Match best{-std::numeric_limits<float>::infinity(), 0};
    for (std::int64_t c = 0; c < kPanel; ++c) {
        const auto at = static_cast<std::size_t>(row * kPanel + c);
        const Match match{greatest.sums[at], std::min(greatest.panels[at] * kPanel + c, destinations - 1)};
        if (match.likeness > best.likeness ||
            (match.likeness == best.likeness && match.destination < best.destination))
            best = match;
    }
    return best;
}

/// All of an operation, in one kind of numbers.
template <class Number, auto convert>
class Matching {
  public:
    Matching(Crew& crew, const MatchArgs& args)
        : crew_(crew),
          args_(args),
          tokens_(args.height * args.width),
          destinations_(destinations_of(args.height, args.width)),
          sources_(sources_of(args.height, args.width)),
          steps_(divided_up(args.channels, kStep)),
          panels_(divided_up(size(destinations_), kPanel)),
          blocks_(size(sources_), kMostRows),
          matches_(static_cast<std::size_t>(args.images * size(sources_))) {}

    void run() {
        const std::int64_t image_words = panels_ * steps_ * kPanel;
        const std::int64_t ready = std::clamp<std::int64_t>(
            kReadyBytes / (image_words * static_cast<std::int64_t>(sizeof(float))), 1, args_.images);
        const std::shared_ptr<float> memory = crew_.scratch(ready * image_words);
        auto* const packed = reinterpret_cast<Number*>(memory.get());
        for (std::int64_t first = 0; first < args_.images; first += ready) {
            const std::int64_t count = std::min(ready, args_.images - first);
            crew_.for_each(count * panels_, [&](std::int64_t task) {
                pack(first + task / panels_, task % panels_, packed + task * steps_ * kPanel * kStep);
            });
            crew_.for_each(count * blocks_.parts, [&](std::int64_t task) {
                const std::int64_t image = task / blocks_.parts;
                match(first + image, task % blocks_.parts, packed + image * image_words * kStep);
            });
        }
        crew_.for_each(args_.images, [&](std::int64_t image) { give_slots(image); });
    }

  private:
    static constexpr std::int64_t kStep = kStepOf<Number>;

    static std::int64_t size(const std::vector<std::int64_t>& list) {
        return static_cast<std::int64_t>(list.size());
    }

    /// Tokens of an image, of length 1, as `numbers` [count][steps * kStep].
    void read(std::int64_t image, const std::int64_t* tokens, std::int64_t count, float* row,
              Number* numbers) const {
        const std::int64_t channels = args_.channels;
        std::fill(row + channels, row + steps_ * kStep, 0.0f);
        for (std::int64_t i = 0; i < count; ++i, numbers += steps_ * kStep) {
            const float* x = args_.x + (image * tokens_ + tokens[i]) * channels;
            normalise(x, channels, row);
            convert(row, steps_ * kStep, numbers);
        }
    }

    void pack(std::int64_t image, std::int64_t panel, Number* to) const {
        const std::int64_t first = panel * kPanel;
        const std::int64_t count = std::min(kPanel, size(destinations_) - first), stride = steps_ * kStep;
        const std::shared_ptr<float> memory = crew_.scratch(stride + kPanel * steps_);
        auto* const numbers = reinterpret_cast<Number*>(memory.get() + stride);
        read(image, destinations_.data() + first, count, memory.get(), numbers);
        for (std::int64_t step = 0; step < steps_; ++step)
            for (std::int64_t c = 0; c < kPanel; ++c)
                std::copy_n(numbers + std::min(c, count - 1) * stride + step * kStep, kStep,
                            to + (step * kPanel + c) * kStep);
    }

    void match(std::int64_t image, std::int64_t block, const Number* packed) {
        const std::int64_t begin = blocks_.begin(block), rows = blocks_.begin(block + 1) - begin;
        const std::int64_t stride = steps_ * kStep, panel_size = stride * kPanel;
        const std::shared_ptr<float> memory = crew_.scratch(stride + rows * steps_);
        auto* const numbers = reinterpret_cast<Number*>(memory.get() + stride);
        read(image, sources_.data() + begin, rows, memory.get(), numbers);
        Greatest greatest;
        reset(greatest, rows);
        alignas(64) std::array<float, Greatest::kSums> sums;
        for (std::int64_t panel = 0; panel < panels_; ++panel) {
            PanelProduct<Number, Number, float> product;
            product.a = numbers;
            product.a_stride = stride;
            product.b = packed + panel * panel_size;
            product.steps = steps_;
            product.rows = rows;
            product.sums = sums.data();
            if (panel + 1 < panels_) {
                product.soon.from = product.b + panel_size;
                product.soon.bytes = panel_size * static_cast<std::int64_t>(sizeof(Number));
            }
            multiply_panel(product);
            take(greatest, sums.data(), rows, static_cast<std::int32_t>(panel));
        }
        Match* const matches = matches_.data() + image * size(sources_) + begin;
        for (std::int64_t r = 0; r < rows; ++r) matches[r] = best_of(greatest, r, size(destinations_));
    }

    /// Destinations have the first slots, sources that are not merged the next ones.
    void give_slots(std::int64_t image) const {
        const Match* const matches = matches_.data() + image * size(sources_);
        std::vector<std::int64_t> order(sources_.size());
        std::iota(order.begin(), order.end(), 0);
        const auto merged = order.begin() + args_.merged;
        std::ranges::nth_element(order, merged, [&](std::int64_t a, std::int64_t b) {
            return matches[a].likeness != matches[b].likeness ? matches[a].likeness > matches[b].likeness
                                                              : a < b;
        });
        std::sort(merged, order.end());
        float* const slots = args_.slots + image * tokens_;
        float next = 0;
        for (const std::int64_t token : destinations_) slots[token] = next++;
        for (auto source = merged; source != order.end(); ++source) slots[sources_[*source]] = next++;
        for (auto source = order.begin(); source != merged; ++source)
            slots[sources_[*source]] = static_cast<float>(matches[*source].destination);
    }

    Crew& crew_;
    const MatchArgs& args_;
    std::int64_t tokens_;
    std::vector<std::int64_t> destinations_, sources_;
    std::int64_t steps_, panels_;
    Parts blocks_;
    std::vector<Match> matches_;
};

}  // namespace

void match_tokens(Crew& crew, const MatchArgs& args) {
    if (args.precision != Precision::f32 && multiplies_bf16())
        Matching<std::uint16_t, round_to_bf16>(crew, args).run();
    else
        Matching<float, copy_numbers<float>>(crew, args).run();
}

}  // namespace stillreel::tensor
