// Matrix products and convolutions of the processor's backend: weights packed once, work cut into chunks that
// stay in cache and that a cancel can fall between.
#pragma once

#include <memory>

#include "base/cancel.h"
#include "base/threads.h"
#include "tensor/backend.h"

namespace stillreel::tensor {

class Products {
  public:
    /// Both must outlive the object; `cancel` may be null. One caller at a time.
    Products(ThreadPool& pool, const CancelFlag* cancel);
    ~Products();

    /// As Backend::pack; the result holds its own copy of the numbers. Throws out_of_memory, cancelled.
    std::shared_ptr<Packed> pack(const PackRequest& request);
    /// As Backend::product, with weights that pack() made. Throws cancelled.
    void run(const ProductArgs& args);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::tensor
