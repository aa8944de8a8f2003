// Products and convolutions of whole numbers of 8 bits. Inputs are quantised anew for every product, all that
// a result may look at together, so that a result depends on nothing else: not on the threads, the
// instruction set, nor what is computed at the same time.
#pragma once

#include <memory>

#include "base/cancel.h"
#include "base/threads.h"
#include "tensor/backend.h"

namespace stillreel::tensor {

class Int8Products {
  public:
    /// Both must outlive the object; `cancel` may be null. One caller at a time.
    Int8Products(ThreadPool& pool, const CancelFlag* cancel);
    ~Int8Products();

    std::shared_ptr<Packed> pack(const PackRequest& request);
    /// With weights that pack() made. Throws cancelled, out_of_memory.
    void run(const ProductArgs& args);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::tensor
