#include "weights/weight_scope.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"

namespace stillreel::weights {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::WeightData;

std::string joined(const std::string& path, std::string_view part) {
    return path.empty() ? std::string(part) : fmt::format("{}.{}", path, part);
}

/// `name` with whole dotted parts `today` replaced by `older`; empty when they do not occur.
std::string renamed(const std::string& name, const Rename& rename) {
    const std::string framed = "." + name + ".";
    const std::string wanted = fmt::format(".{}.", rename.today);
    const std::size_t at = framed.find(wanted);
    if (at == std::string::npos) return "";
    std::string other = framed;
    other.replace(at, wanted.size(), fmt::format(".{}.", rename.older));
    return other.substr(1, other.size() - 2);
}

/// Dimensions without the ones at the end: a 1x1 convolution is a linear layer.
Shape without_trailing_ones(const Shape& shape) {
    int rank = shape.rank();
    while (rank > 1 && shape[rank - 1] == 1) --rank;
    return Shape(shape.dims().first(static_cast<std::size_t>(rank)));
}

bool is_float(DType type) {
    return type == DType::f32 || type == DType::f16 || type == DType::bf16 || type == DType::i8;
}

bool matches(const std::string& name, const FileHabits& habits) {
    const auto ends = [&](std::string_view suffix) { return name.ends_with(suffix); };
    const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
    return std::any_of(habits.surplus.begin(), habits.surplus.end(), ends) ||
           std::any_of(habits.elsewhere.begin(), habits.elsewhere.end(), begins);
}

}  // namespace

TakenWeight::TakenWeight(WeightSource& source, std::string name, WeightData data)
    : source_(&source), name_(std::move(name)), data_(data) {}

TakenWeight::TakenWeight(TakenWeight&& other) noexcept
    : source_(std::exchange(other.source_, nullptr)), name_(std::move(other.name_)), data_(other.data_) {}

TakenWeight::~TakenWeight() {
    if (source_) source_->release(name_);
}

struct WeightLoader::State {
    std::string model;
    WeightSource& source;
    tensor::Ops& ops;
    FileHabits habits;
    PrecisionPolicy precision;
    std::set<std::string> taken;
    std::int64_t parameters = 0;

    /// The name that the source holds it under: today's or an older one. Nothing when it holds neither.
    std::optional<std::string> name_in_source(const std::string& name) const {
        // Names may differ in several parts: each rename is tried on everything that the ones before it made.
        std::vector<std::string> candidates{name};
        for (const Rename& rename : habits.renames)
            for (std::size_t i = 0, known = candidates.size(); i < known; ++i)
                if (std::string other = renamed(candidates[i], rename); !other.empty())
                    candidates.push_back(std::move(other));
        for (std::string& candidate : candidates)
            if (source.holds(candidate)) return std::move(candidate);
        return std::nullopt;
    }
};

WeightLoader::WeightLoader(std::string model, WeightSource& source, tensor::Ops& ops, FileHabits habits,
                           PrecisionPolicy precision)
    : state_(std::make_shared<State>(
          State{std::move(model), source, ops, habits, std::move(precision), {}, 0})) {}

WeightLoader::~WeightLoader() = default;

WeightScope WeightLoader::root() { return WeightScope(state_, ""); }

void WeightLoader::finish() const {
    std::vector<std::string> left;
    for (const std::string& name : state_->source.names())
        if (!state_->taken.contains(name) && !matches(name, state_->habits)) left.push_back(name);
    if (left.empty()) return;
    const std::string more = left.size() > 1 ? fmt::format(" and {} more", left.size() - 1) : "";
    throw Error(ErrorCode::corrupt_data,
                fmt::format("{}: the {} has no place for tensor {}{}: is this the file of another model?",
                            state_->source.where(), state_->model, left.front(), more));
}

std::int64_t WeightLoader::parameters() const { return state_->parameters; }

WeightScope::WeightScope(std::shared_ptr<WeightLoader::State> state, std::string path)
    : state_(std::move(state)), path_(std::move(path)) {}

WeightScope WeightScope::operator/(std::string_view part) const { return {state_, joined(path_, part)}; }

WeightScope WeightScope::operator/(int index) const { return *this / std::to_string(index); }

tensor::Ops& WeightScope::ops() const { return state_->ops; }

tensor::Precision WeightScope::precision() const {
    return state_->precision ? state_->precision(path_) : tensor::Precision::f32;
}

TakenWeight WeightScope::take(std::string_view name, const Shape& shape) const {
    const std::string full = joined(path_, name);
    const std::optional<std::string> found_as = state_->name_in_source(full);
    const std::string where = state_->source.where();
    std::optional<WeightData> data;
    if (found_as) data = state_->source.find(*found_as, shape);
    if (!data)
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("{}: tensor {} of the {} is missing (expected shape {})", where, full,
                                state_->model, to_string(shape)));
    if (without_trailing_ones(data->shape) != without_trailing_ones(shape))
        throw Error(
            ErrorCode::corrupt_data,
            fmt::format(
                "{}: tensor {} of the {} has shape {}, expected {}: do config.json and the weights belong "
                "together?",
                where, *found_as, state_->model, to_string(data->shape), to_string(shape)));
    if (!is_float(data->type))
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("{}: tensor {} of the {} holds {}, expected f32, f16 or bf16", where,
                                *found_as, state_->model, name_of(data->type)));
    data->shape = shape;
    if (state_->taken.insert(*found_as).second) state_->parameters += shape.elements();
    return TakenWeight(state_->source, *found_as, *data);
}

bool WeightScope::has(std::string_view name) const {
    return state_->name_in_source(joined(path_, name)).has_value();
}

}  // namespace stillreel::weights
