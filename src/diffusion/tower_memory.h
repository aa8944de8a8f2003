// Memory between towers.
#pragma once

namespace stillreel::diffusion {

/// Hands what the allocator keeps of freed memory back to the system, so that the next tower does not come on
/// top of the last one.
void release_free_memory();

}  // namespace stillreel::diffusion
