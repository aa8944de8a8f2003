// oneDNN, for what it does faster than our own tiles: large products and direct convolutions on AVX-512. It
// reads the panels as they are, and works on the calling thread alone: who calls divides the work.
#pragma once

#include <memory>

#include "tensor/cpu/panels.h"

namespace stillreel::tensor {

class OneDnn {
  public:
    OneDnn();
    ~OneDnn();

    /// What becomes of numbers that are in y already.
    enum class Before { overwritten, added };

    /// y = x W + bias (+ y) for `rows` rows; a linear layer.
    struct Product {
        const PackedPanels* weights = nullptr;
        std::int64_t rows = 0;
        Before before = Before::overwritten;
    };
    /// y = activation(x W + bias) (+ y) for one image: [height, width, inputs] -> [out_h, out_w, outputs].
    struct Convolution {
        const PackedPanels* weights = nullptr;
        std::int64_t height = 0, width = 0;
        Window window;  // the weights' one, but for the padding
        Activation activation = Activation::none;
        Before before = Before::overwritten;
    };
    /// A kernel is made on first use and kept; null where oneDNN has no fast one. Thread-safe.
    class Kernel;
    const Kernel* kernel(const Product& product);
    const Kernel* kernel(const Convolution& convolution);
    /// Thread-safe but for `scratch`, which is grown as needed.
    void run(const Kernel& kernel, const float* x, const float* weights, const float* bias, float* y,
             HugeArray& scratch);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::tensor
