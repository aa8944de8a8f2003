// Two steps of one line of work, side by side: while one item is consumed the next is already being produced.
#pragma once

#include <functional>

namespace stillreel {

/// Calls produce(i, slot) for i = 0 ... count - 1 on the calling thread and consume(i, slot) for the same
/// items, in the same order, on a second thread. slot (0 ... slots - 1) tells which of the caller's buffers
/// item i lives in: a slot is produced into again only after its item was consumed. The first exception of
/// either step ends both and is rethrown here. count >= 0, slots >= 1.
void overlap(int count, int slots, const std::function<void(int item, int slot)>& produce,
             const std::function<void(int item, int slot)>& consume);

}  // namespace stillreel
