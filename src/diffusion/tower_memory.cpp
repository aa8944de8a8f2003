#include "diffusion/tower_memory.h"

#include <malloc.h>

namespace stillreel::diffusion {

void release_free_memory() { malloc_trim(0); }

}  // namespace stillreel::diffusion
