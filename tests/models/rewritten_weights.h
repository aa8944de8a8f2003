// A weight file as other versions of its library would have written it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "weights/safetensors_writer.h"
#include "weights/weight_source.h"

namespace stillreel::testing {

struct RewrittenTensor {
    std::string name;
    tensor::WeightData data;
};

/// Copies all tensors of `from` into the file `to`, each as `rewrite` gives it back, and `more`.
inline void rewrite_weights(weights::WeightSource& from, const std::filesystem::path& to,
                            const std::function<RewrittenTensor(RewrittenTensor)>& rewrite,
                            const std::vector<RewrittenTensor>& more = {}) {
    std::map<std::string, tensor::WeightData> tensors;
    for (const RewrittenTensor& tensor : more) tensors[tensor.name] = tensor.data;
    for (const std::string& name : from.names()) {
        const RewrittenTensor tensor = rewrite({name, *from.find(name, {})});
        tensors[tensor.name] = tensor.data;
    }
    weights::write_safetensors(to, tensors);
}

}  // namespace stillreel::testing
