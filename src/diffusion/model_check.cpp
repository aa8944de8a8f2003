#include "diffusion/model_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "diffusion/i2vgen_model.h"
#include "diffusion/tower_tensors.h"
#include "models/clip_tokenizer.h"
#include "tensor/meta/meta_backend.h"
#include "weights/manifest.h"
#include "weights/model_facts.h"

namespace stillreel::diffusion {
namespace {

using nlohmann::json;

constexpr std::int64_t kChunk = 1 << 16;
constexpr const char* kProbe = "A red fox runs";
constexpr std::size_t kProbeTokens = 7;

/// Fields that neither say nor change what the model computes.
bool is_noise(const std::string& field) {
    static const std::set<std::string> noise = {
        "_name_or_path",        "architectures",     "attention_dropout",   "dropout",
        "initializer_factor",   "initializer_range", "torch_dtype",         "dtype",
        "transformers_version", "model_type",        "added_tokens_decoder"};
    return noise.contains(field);
}

void add_facts(const json& config, ComponentReport& report) {
    for (const auto& [field, value] : config.items())
        if (!is_noise(field))
            report.facts.emplace_back(field, value.dump(-1, ' ', false, json::error_handler_t::replace));
}

/// A source that knows under which name a tensor was found last.
class Watched final : public weights::WeightSource {
  public:
    explicit Watched(weights::WeightSource& source) : source_(source) {}
    std::optional<tensor::WeightData> find(const std::string& name, const tensor::Shape& wanted) override {
        last_ = name;
        return source_.find(name, wanted);
    }
    bool holds(const std::string& name) const override { return source_.holds(name); }
    void release(const std::string& name) override { source_.release(name); }
    std::vector<std::string> names() const override { return source_.names(); }
    std::string where() const override { return source_.where(); }

    void forget() { last_.clear(); }
    const std::string& last() const { return last_; }

  private:
    weights::WeightSource& source_;
    std::string last_;
};

std::int64_t count_non_finite(const tensor::WeightData& weight, const CancelFlag* cancel) {
    std::vector<float> numbers(kChunk);
    std::int64_t found = 0;
    const std::int64_t all = weight.shape.elements();
    for (std::int64_t at = 0; at < all; at += kChunk) {
        if (cancel) cancel->throw_if_requested();
        const std::span<float> chunk(numbers.data(), static_cast<std::size_t>(std::min(kChunk, all - at)));
        tensor::read_floats(weight, at, chunk);
        found += std::count_if(chunk.begin(), chunk.end(), [](float x) { return !std::isfinite(x); });
    }
    return found;
}

/// Whether files of this model may hold a tensor that no part takes.
bool is_allowed(const std::string& name, const std::vector<weights::FileHabits>& habits) {
    return std::all_of(habits.begin(), habits.end(), [&](const weights::FileHabits& part) {
        const auto ends = [&](std::string_view suffix) { return name.ends_with(suffix); };
        const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
        return std::any_of(part.surplus.begin(), part.surplus.end(), ends) ||
               std::any_of(part.elsewhere.begin(), part.elsewhere.end(), begins);
    });
}

void check_tensors(weights::WeightSource& files, const TowerTensors& wanted, const CancelFlag* cancel,
                   ComponentReport& report) {
    Watched source(files);
    tensor::Ops ops = tensor::meta_ops();
    // Renames are the same for every part of a tower.
    weights::WeightLoader loader(report.name, source, ops, wanted.habits.front());
    std::set<std::string> taken;
    for (const auto& [name, shape] : wanted.shapes) {
        source.forget();
        try {
            const weights::TakenWeight weight = loader.root().take(name, shape);
            if (source.last() != name) report.renamed.push_back(fmt::format("{} -> {}", source.last(), name));
            if (const std::int64_t bad = count_non_finite(weight, cancel); bad > 0)
                report.non_finite.push_back(fmt::format("{}: {} of {} numbers", name, bad, shape.elements()));
        } catch (const Error& error) {
            if (error.code() == ErrorCode::cancelled) throw;
            if (source.last().empty())
                report.missing.push_back(fmt::format("{} {}", name, to_string(shape)));
            else
                report.misshapen.push_back(error.what());
        }
        taken.insert(source.last());
    }
    for (const std::string& name : files.names())
        if (!taken.contains(name))
            (is_allowed(name, wanted.habits) ? report.unused : report.surplus).push_back(name);
}

void check_tower(const weights::ComponentFacts& facts, const CancelFlag* cancel, ComponentReport& report) {
    const weights::Component& component = facts.component;
    const std::string config = weights::read_config(component);
    add_facts(json::parse(config), report);
    const TowerTensors wanted = tower_tensors(component.class_name, config);
    const auto files = weights::open_weights(component.folder, facts.variant);
    check_tensors(*files, wanted, cancel, report);
}

void check_tokenizer(const weights::Component& component, ComponentReport& report) {
    for (const char* file : {"tokenizer_config.json", "special_tokens_map.json"})
        if (fs::exists(component.folder / file))
            add_facts(json::parse(weights::read_config(component, file)), report);
    const auto tokenizer = models::ClipTokenizer::open(component.folder);
    std::vector<std::int64_t> ids = tokenizer.encode(kProbe).ids;
    report.facts.emplace_back("(tokens at once)", std::to_string(tokenizer.context_length()));
    ids.resize(std::min(ids.size(), kProbeTokens));
    report.facts.emplace_back(fmt::format("(\"{}\")", kProbe), json(ids).dump());
}

void check_component(const weights::ComponentFacts& facts, const CancelFlag* cancel,
                     ComponentReport& report) {
    const weights::Component& component = facts.component;
    const std::string& name = component.name;
    if (name == "scheduler") {
        const std::string config = weights::read_config(component, "scheduler_config.json");
        add_facts(json::parse(config), report);
        parse_schedule_config(config, SamplerKind::ddim);
    } else if (name == "tokenizer") {
        check_tokenizer(component, report);
    } else if (name == "feature_extractor") {
        const std::string config = weights::read_config(component, "preprocessor_config.json");
        add_facts(json::parse(config), report);
        parse_clip_preprocessing(config);
    } else if (std::find(std::begin(kWeighted), std::end(kWeighted), name) != std::end(kWeighted)) {
        check_tower(facts, cancel, report);
    }
}

ComponentReport report_on(const weights::ComponentFacts& facts, const CheckHooks& hooks) {
    ComponentReport report;
    report.name = facts.component.name;
    report.class_name = facts.component.class_name;
    report.weights = facts.weights;
    report.bytes = facts.bytes;
    report.tensors = facts.tensors;
    report.parameters = facts.parameters;
    report.dtypes = facts.dtypes;
    if (hooks.working) hooks.working(report.name);
    try {
        check_component(facts, hooks.cancel, report);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::cancelled) throw;
        report.problems.push_back(error.what());
    }
    return report;
}

std::string diffusers_version_of(const fs::path& root) {
    const json index = json::parse(read_text_file(root / "model_index.json", 1 << 20), nullptr, false);
    const auto version = index.find("_diffusers_version");
    return version != index.end() && version->is_string() ? version->get<std::string>() : "";
}

/// Files of the folder, and those of its manifest that differ from it.
void add_sums(const CheckHooks& hooks, ModelReport& report) {
    std::map<std::string, std::string> announced;
    if (const auto manifest = weights::read_manifest(report.root))
        for (const weights::ManifestFile& file : manifest->files) announced[file.path] = file.sha256;
    std::vector<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(report.root))
        if (entry.is_regular_file()) paths.push_back(fs::relative(entry.path(), report.root).string());
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) {
        if (hooks.cancel) hooks.cancel->throw_if_requested();
        if (hooks.working) hooks.working(path);
        report.files.push_back(
            {path, fs::file_size(report.root / path), sha256_hex_of_file(report.root / path)});
        const auto expected = announced.find(path);
        if (expected != announced.end() && expected->second != report.files.back().sha256)
            report.problems.push_back(fmt::format("{} is not what was pulled: SHA-256 {} then, {} now", path,
                                                  expected->second, report.files.back().sha256));
    }
}

}  // namespace

bool ComponentReport::fine() const {
    return problems.empty() && missing.empty() && misshapen.empty() && surplus.empty() && non_finite.empty();
}

bool ModelReport::fine() const {
    return problems.empty() && std::all_of(components.begin(), components.end(),
                                           [](const auto& component) { return component.fine(); });
}

ModelReport check_model(const CheckRequest& request, const CheckHooks& hooks) {
    const weights::ModelFacts facts = weights::facts_of(request.root, request.variant);
    ModelReport report;
    report.root = request.root;
    report.class_name = facts.folder.class_name;
    report.diffusers_version = diffusers_version_of(request.root);
    for (const weights::ComponentFacts& component : facts.components)
        report.components.push_back(report_on(component, hooks));
    try {
        read_model(facts.folder);  // classes and configs as a whole
    } catch (const Error& error) {
        const bool said =
            std::any_of(report.components.begin(), report.components.end(), [&](const auto& component) {
                return std::find(component.problems.begin(), component.problems.end(), error.what()) !=
                       component.problems.end();
            });
        if (!said) report.problems.push_back(error.what());
    }
    try {
        if (request.sums == Sums::yes) add_sums(hooks, report);
    } catch (const fs::filesystem_error& error) {
        report.problems.push_back(
            fmt::format("cannot read {}: {}", error.path1().string(), error.code().message()));
    }
    return report;
}

}  // namespace stillreel::diffusion
