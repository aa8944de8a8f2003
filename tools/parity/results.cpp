#include <algorithm>

#include "runners.h"

namespace stillreel::parity {

void Results::check(const std::string& tensor, std::span<const double> got, Path path) {
    if (golden_.has(tensor)) done_.push_back(compare(golden_, tensor, got, path));
}

void Results::check(const std::string& tensor, std::span<const float> got, Path path) {
    check(tensor, std::vector<double>(got.begin(), got.end()), path);
}

void Results::check(const std::string& tensor, std::span<const std::int64_t> got) {
    check(tensor, std::vector<double>(got.begin(), got.end()));
}

void Results::check(const std::string& tensor, std::span<const std::uint8_t> got) {
    check(tensor, std::vector<double>(got.begin(), got.end()));
}

std::vector<Comparison> Results::finish() const {
    std::vector<Comparison> all = done_;
    for (const std::string& tensor : golden_.names("out.")) {
        const auto same = [&](const Comparison& one) { return one.tensor == tensor; };
        if (std::any_of(done_.begin(), done_.end(), same)) continue;
        Comparison missing;
        missing.tensor = tensor;
        missing.reason = "stillreel has no such output";
        all.push_back(missing);
    }
    return all;
}

bool Results::equal(const std::string& tensor) const {
    return std::any_of(done_.begin(), done_.end(), [&](const Comparison& one) {
        return one.tensor == tensor && one.passed && one.max_error == 0;
    });
}

const std::map<std::string, Runner>& runners() {
    static const std::map<std::string, Runner> table{
        {"tokenizer", run_tokenizer},
        {"text_encoder", run_text_encoder},
        {"image_preprocess", run_image_preprocess},
        {"image_encoder", run_image_encoder},
        {"vae_encode", run_vae_encode},
        {"vae_decode", run_vae_decode},
        {"unet", run_unet},
        {"unet_sub", run_unet_sub},
        {"scheduler", run_scheduler},
        {"randn", run_randn},
        {"pipeline", run_pipeline},
    };
    return table;
}

}  // namespace stillreel::parity
