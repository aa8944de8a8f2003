// Writing safetensors files: tensors one after another, so that a file may be larger than the memory.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "tensor/tensor.h"

namespace stillreel::weights {

/// What a file will hold.
struct TensorEntry {
    std::string name;
    tensor::DType type;
    tensor::Shape shape;
};

/// A file under way: as `<target>.part` until commit(), gone when it is not committed.
class SafetensorsWriter {
  public:
    /// Writes the header. Names are unique (CHECKed). Throws io.
    static SafetensorsWriter create(const std::filesystem::path& target, std::vector<TensorEntry> entries,
                                    const std::map<std::string, std::string>& metadata = {});

    /// The numbers of the next entry, whose type and shape they have (CHECKed). Throws io (disk full).
    void put(const tensor::WeightData& weight);

    /// Gives the file its name. Every entry has been put (CHECKed). Throws io.
    void commit();

  private:
    SafetensorsWriter(const std::filesystem::path& target, std::vector<TensorEntry> entries);
    void write(const char* bytes, std::size_t count);

    PartFile part_;
    std::ofstream out_;
    std::vector<TensorEntry> entries_;
    std::size_t next_ = 0;
};

/// A whole file at once, atomically. Throws io.
void write_safetensors(const std::filesystem::path& target,
                       const std::map<std::string, tensor::WeightData>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace stillreel::weights
