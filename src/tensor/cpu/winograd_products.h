// Winograd's convolutions of floats: tiles of results cut into chunks that stay in cache.
#pragma once

#include <memory>

#include "base/cancel.h"
#include "base/threads.h"
#include "tensor/backend.h"

namespace stillreel::tensor {

class WinogradProducts {
  public:
    /// Both must outlive the object; `cancel` may be null. One caller at a time.
    WinogradProducts(ThreadPool& pool, const CancelFlag* cancel);
    ~WinogradProducts();

    /// With weights that pack_panels() made by one of Winograd's methods. Bits depend on nothing but an
    /// image. Throws cancelled.
    void run(const ProductArgs& args);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::tensor
