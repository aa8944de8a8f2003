// Every component of the goldens, run by stillreel's own code.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "golden_case.h"

namespace stillreel::parity {

/// Collects comparisons while a case runs; what the case expects and nobody computed is a failure.
class Results {
  public:
    explicit Results(const GoldenCase& golden) : golden_(golden) {}

    /// Compares when the case has the tensor; many outputs are optional.
    void check(const std::string& tensor, std::span<const double> got, Path path = Path::any);
    void check(const std::string& tensor, std::span<const float> got, Path path = Path::any);
    void check(const std::string& tensor, std::span<const std::int64_t> got);
    void check(const std::string& tensor, std::span<const std::uint8_t> got);

    /// The comparisons, and a failure for every out.* that was not checked.
    std::vector<Comparison> finish() const;
    /// The last comparison of this tensor had no error at all.
    bool equal(const std::string& tensor) const;

  private:
    const GoldenCase& golden_;
    std::vector<Comparison> done_;
};

using Runner = std::function<void(const GoldenCase&, Results&, int threads)>;

/// By component name: "unet", "scheduler" ...
const std::map<std::string, Runner>& runners();

void run_tokenizer(const GoldenCase&, Results&, int threads);
void run_text_encoder(const GoldenCase&, Results&, int threads);
void run_image_preprocess(const GoldenCase&, Results&, int threads);
void run_image_encoder(const GoldenCase&, Results&, int threads);
void run_vae_encode(const GoldenCase&, Results&, int threads);
void run_vae_decode(const GoldenCase&, Results&, int threads);
void run_unet(const GoldenCase&, Results&, int threads);
void run_unet_sub(const GoldenCase&, Results&, int threads);
void run_scheduler(const GoldenCase&, Results&, int threads);
void run_randn(const GoldenCase&, Results&, int threads);
void run_pipeline(const GoldenCase&, Results&, int threads);

}  // namespace stillreel::parity
