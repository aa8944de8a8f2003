#include "diffusion/quantised_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/amounts.h"
#include "base/error.h"
#include "diffusion/i2vgen_model.h"
#include "tensor/meta/meta_backend.h"
#include "weights/new_folder.h"
#include "weights/safetensors_writer.h"
#include "weights/weight_source.h"

namespace stillreel::diffusion {
namespace {

using tensor::DType;
using tensor::WeightData;
using weights::TensorEntry;

constexpr const char* kUnetFile = "diffusion_pytorch_model.safetensors";

/// A file's tensors by shape; where their numbers would lie is a place that stands for the name.
class Places final : public weights::WeightSource {
  public:
    explicit Places(weights::WeightSource& file) : file_(file) {}
    std::optional<WeightData> find(const std::string& name, const tensor::Shape& wanted) override {
        std::optional<WeightData> data = file_.find(name, wanted);
        if (data) data->data = reinterpret_cast<const std::byte*>(&*names_.insert(name).first);
        return data;
    }
    bool holds(const std::string& name) const override { return file_.holds(name); }
    void release(const std::string& name) override { file_.release(name); }
    std::vector<std::string> names() const override { return file_.names(); }
    std::string where() const override { return file_.where(); }

    static const std::string& name_at(const std::byte* place) {
        return *reinterpret_cast<const std::string*>(place);
    }

  private:
    weights::WeightSource& file_;
    std::set<std::string> names_;
};

/// The tensors of the file that Precision::int8 packs in whole numbers as they are stored, and in no other
/// way. Throws what a load throws.
std::set<std::string> int8_tensors(const I2VGenModel& model, weights::WeightSource& file) {
    std::set<std::string> whole, floats;
    const auto packs = [&](const tensor::PackRequest& request) {
        // Under an upsampling window sums of weights are quantised, not what is stored.
        const bool as_stored = request.precision == tensor::Precision::int8 && request.window.upsample == 1;
        auto& uses = as_stored ? whole : floats;
        for (const WeightData& weight : request.weights) uses.insert(Places::name_at(weight.data));
    };
    tensor::Ops ops(tensor::meta_backend(packs), tensor::Pool::create(tensor::Pool::Kind::meta));
    Places places(file);
    load_unet(model, places, ops, tensor::Precision::int8);
    for (const std::string& name : floats) whole.erase(name);
    return whole;
}

/// One tensor of the model's file.
struct Source {
    std::string name;
    DType type;
    tensor::Shape shape;
    bool quantised = false;  // from now on
};

/// The UNet's new file: what it will hold, and how it is written.
class UnetFile {
  public:
    UnetFile(const I2VGenModel& model, weights::WeightSource& file, const QuantiseHooks& hooks)
        : file_(file), hooks_(hooks) {
        if (file.quantised())
            throw Error(ErrorCode::invalid_argument,
                        fmt::format("{}: its weights are stored in 8 bits already", file.where()));
        const std::set<std::string> quantised = int8_tensors(model, file);
        for (const std::string& name : file.names()) {
            const std::optional<WeightData> data = file.find(name, {});
            sources_.push_back({name, data->type, data->shape, quantised.contains(name)});
            file.release(name);
        }
        // Wide types first: every tensor is aligned to its own type then.
        std::ranges::stable_sort(sources_, std::ranges::greater(), [](const Source& source) {
            return source.quantised ? 0 : bytes_of(source.type);
        });
        for (const Source& source : sources_)
            if (source.quantised)
                entries_.push_back({scale_name(source), DType::f32, tensor::Shape{source.shape[0]}});
        for (const Source& source : sources_)
            entries_.push_back({source.name, source.quantised ? DType::i8 : source.type, source.shape});
        // What is quantised is read twice.
        for (const Source& source : sources_)
            of_ += static_cast<std::uint64_t>(source.shape.elements()) * (source.quantised ? 2 : 1);
    }

    QuantisedModel facts() const {
        QuantisedModel facts;
        for (const TensorEntry& entry : entries_) facts.unet_bytes += bytes_of(entry.type, entry.shape);
        for (const Source& source : sources_) {
            facts.before_bytes += bytes_of(source.type, source.shape);
            ++(source.quantised ? facts.quantised : facts.kept);
        }
        return facts;
    }

    void write(const fs::path& target) {
        auto writer = weights::SafetensorsWriter::create(
            target, entries_, {{"format", "pt"}, {"stillreel.quantised", "int8, a scale for every output"}});
        put_scales(writer);
        std::vector<std::int8_t> q;
        for (const Source& source : sources_) {
            const WeightData data = read(source);
            if (source.quantised) {
                q.resize(static_cast<std::size_t>(source.shape.elements()));
                const std::vector<float> scales = quantise(data, q.data());
                writer.put({DType::i8, source.shape, reinterpret_cast<const std::byte*>(q.data()), nullptr});
            } else {
                writer.put(data);
            }
            file_.release(source.name);
            tell(source);
        }
        writer.commit();
    }

  private:
    static std::string scale_name(const Source& source) {
        return source.name + std::string(weights::kScaleSuffix);
    }

    WeightData read(const Source& source) {
        if (hooks_.cancel) hooks_.cancel->throw_if_requested();
        return *file_.find(source.name, source.shape);
    }

    /// Scales of all outputs; `q` may be null.
    std::vector<float> quantise(const WeightData& data, std::int8_t* q) {
        const std::int64_t outputs = data.shape[0], width = data.shape.elements() / outputs;
        std::vector<float> row(static_cast<std::size_t>(width)), scales;
        std::vector<std::int8_t> unused(q ? 0 : row.size());
        for (std::int64_t i = 0; i < outputs; ++i) {
            if (hooks_.cancel) hooks_.cancel->throw_if_requested();
            read_floats(data, i * width, row);
            scales.push_back(tensor::quantise_weights(row, q ? q + i * width : unused.data()));
        }
        return scales;
    }

    /// They come first in the file, so that they are aligned.
    void put_scales(weights::SafetensorsWriter& writer) {
        for (const Source& source : sources_) {
            if (!source.quantised) continue;
            const std::vector<float> scales = quantise(read(source), nullptr);
            writer.put({DType::f32, tensor::Shape{source.shape[0]},
                        reinterpret_cast<const std::byte*>(scales.data()), nullptr});
            file_.release(source.name);
            tell(source);
        }
    }

    void tell(const Source& source) {
        done_ += static_cast<std::uint64_t>(source.shape.elements());
        if (hooks_.progress) hooks_.progress(done_, of_);
    }

    weights::WeightSource& file_;
    const QuantiseHooks& hooks_;
    std::vector<Source> sources_;
    std::vector<TensorEntry> entries_;
    std::uint64_t done_ = 0, of_ = 0;  // numbers
};

/// Files of the model that the new one has too: all but the UNet's weights, in whatever variant.
std::vector<fs::path> other_files(const fs::path& root, const fs::path& unet) {
    std::vector<fs::path> files;
    for (const auto& entry :
         fs::recursive_directory_iterator(root, fs::directory_options::follow_directory_symlink)) {
        const fs::path path = entry.path();
        const std::string name = path.filename().string();
        const bool weights_of_unet =
            path.parent_path() == unet && name.find(".safetensors") != std::string::npos;
        const std::string extension = path.extension().string();
        const bool wanted = extension == ".json" || extension == ".txt" || extension == ".safetensors";
        // Where a model was fetched from is not true of the new one.
        const bool manifest = path == root / "stillreel.json";
        if (entry.is_regular_file() && !manifest && wanted && !weights_of_unet && !name.starts_with("."))
            files.push_back(path);
    }
    std::ranges::sort(files);
    return files;
}

/// A second name for a file that is never written in place; a copy where the file system has no such thing.
void link_or_copy(const fs::path& from, const fs::path& to) {
    fs::create_directories(to.parent_path());
    std::error_code failed;
    fs::create_hard_link(fs::canonical(from), to, failed);
    if (failed) fs::copy_file(from, to);
}

/// Room for what is written: the UNet's file and, where they cannot be linked, copies of the others.
void check_room(const QuantiseRequest& request, std::uint64_t unet_bytes, const std::vector<fs::path>& others,
                const fs::path& probe) {
    std::uint64_t needed = unet_bytes;
    std::error_code failed;
    fs::create_hard_link(fs::canonical(others.front()), probe, failed);
    if (failed)
        for (const fs::path& file : others) needed += fs::file_size(file);
    fs::remove(probe);
    const std::uint64_t free = request.free_space(probe.parent_path());
    if (free < needed)
        throw Error(ErrorCode::io,
                    fmt::format("the model in 8 bits needs {} in {}, where {} are free: make room "
                                "or choose another disk",
                                bytes_text(needed), request.folder.string(), bytes_text(free)));
}

}  // namespace

QuantisedModel quantise_model(const QuantiseRequest& request, const QuantiseHooks& hooks) {
    const I2VGenModel model = read_model(weights::open_model_folder(request.model));
    check_weights(model, request.variant);
    const auto source = open_component(model, kUnet, request.variant);
    UnetFile unet(model, *source, hooks);
    const QuantisedModel facts = unet.facts();
    try {
        weights::NewFolder folder(request.folder);
        const fs::path& root = model.folder.root;
        const fs::path& unet_folder = model.folder.at(kUnet).folder;
        const std::vector<fs::path> others = other_files(root, unet_folder);
        check_room(request, facts.unet_bytes, others, folder.path() / "probe");
        for (const fs::path& file : others) link_or_copy(file, folder.path() / file.lexically_relative(root));
        unet.write(folder.path() / unet_folder.lexically_relative(root) / kUnetFile);
        folder.commit();
    } catch (const fs::filesystem_error& error) {
        throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", request.folder.string(), error.what()));
    }
    return facts;
}

}  // namespace stillreel::diffusion
