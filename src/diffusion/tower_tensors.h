// Which tensors a tower wants, found out by building it on shapes alone.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"
#include "weights/weight_scope.h"

namespace stillreel::diffusion {

struct TowerTensors {
    std::map<std::string, tensor::Shape>
        shapes;  // by today's names, as layers ask: dimensions of 1 at the end may lack
    std::vector<weights::FileHabits> habits;  // of each part that reads the file (the VAE has two halves)
};

/// Of a component of the class `class_name` ("I2VGenXLUNet") with that config.json. Throws unsupported (a
/// class or a config that we do not have), corrupt_data.
TowerTensors tower_tensors(std::string_view class_name, std::string_view config_json);

}  // namespace stillreel::diffusion
