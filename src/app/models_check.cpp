#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/lines.h"
#include "app/models_commands.h"
#include "base/cancel.h"
#include "base/error.h"
#include "diffusion/model_check.h"
#include "studio/recipe.h"
#include "weights/manifest.h"
#include "weights/model_store.h"

namespace stillreel::app {
namespace {

using diffusion::ComponentReport;
using diffusion::ModelReport;
using nlohmann::ordered_json;

constexpr std::size_t kMaxNames = 20;

struct Arguments {
    std::string model = "i2vgen-xl";
    std::string variant;
    bool sums = false;
    bool json = false;
};

ordered_json to_json(const ComponentReport& report) {
    ordered_json facts = ordered_json::object();
    for (const auto& [field, value] : report.facts) facts[field] = ordered_json::parse(value);
    return {{"name", report.name},
            {"class", report.class_name},
            {"ok", report.fine()},
            {"weights", report.weights},
            {"bytes", report.bytes},
            {"tensors", report.tensors},
            {"parameters", report.parameters},
            {"dtypes", report.dtypes},
            {"config", facts},
            {"problems", report.problems},
            {"missing", report.missing},
            {"misshapen", report.misshapen},
            {"surplus", report.surplus},
            {"non_finite", report.non_finite},
            {"renamed", report.renamed},
            {"unused", report.unused}};
}

ordered_json to_json(const ModelReport& report) {
    ordered_json object{{"stillreel", studio::version()},
                        {"folder", report.root.string()},
                        {"pipeline", report.class_name},
                        {"diffusers", report.diffusers_version},
                        {"ok", report.fine()},
                        {"problems", report.problems},
                        {"components", ordered_json::array()}};
    for (const ComponentReport& component : report.components)
        object["components"].push_back(to_json(component));
    if (!report.files.empty()) object["files"] = ordered_json::array();
    for (const diffusion::FileSum& file : report.files)
        object["files"].push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    return object;
}

void print_names(const char* what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    fmt::print("  {:10} {}\n", what, names.size());
    for (std::size_t i = 0; i < std::min(names.size(), kMaxNames); ++i)
        fmt::print("    {}\n", one_line(names[i]));
    if (names.size() > kMaxNames)
        fmt::print("    ... and {} more (--json lists all)\n", names.size() - kMaxNames);
}

void print_component(const ComponentReport& report) {
    fmt::print("\n{:3} {} ({})\n", report.fine() ? "ok" : "!!", one_line(report.name),
               one_line(report.class_name));
    if (report.tensors > 0) {
        std::vector<std::string> types;
        for (const auto& [type, tensors] : report.dtypes)
            types.push_back(fmt::format("{} {}", tensors, type));
        fmt::print("  {:10} {}\n", "weights", one_line(fmt::format("{}", fmt::join(report.weights, " "))));
        fmt::print("  {:10} {} ({}), {} parameters\n", "tensors", report.tensors, fmt::join(types, ", "),
                   report.parameters);
    }
    fmt::print("  {:10} {} bytes in all its files\n", "size", report.bytes);
    for (std::size_t i = 0; i < report.facts.size(); ++i)
        fmt::print("  {:10} {} {}\n", i == 0 ? "config" : "", one_line(report.facts[i].first),
                   one_line(report.facts[i].second));
    print_names("problems", report.problems);
    print_names("missing", report.missing);
    print_names("misshapen", report.misshapen);
    print_names("surplus", report.surplus);
    print_names("not finite", report.non_finite);
    print_names("renamed", report.renamed);
    print_names("unused", report.unused);
}

void print_report(const ModelReport& report) {
    fmt::print("stillreel {}, report on {}\n", studio::version(), report.root.string());
    fmt::print("  {:10} {}, written by diffusers {}\n", "pipeline", one_line(report.class_name),
               report.diffusers_version.empty() ? "(not said)" : one_line(report.diffusers_version));
    if (const auto manifest = weights::read_manifest(report.root))
        fmt::print("  {:10} {}, revision {}, commit {}\n", "pulled", one_line(manifest->repository),
                   one_line(manifest->revision), one_line(manifest->commit));
    print_names("problems", report.problems);
    for (const ComponentReport& component : report.components) print_component(component);
    if (!report.files.empty()) fmt::print("\nSHA-256\n");
    for (const diffusion::FileSum& file : report.files)
        fmt::print("  {}  {} ({} bytes)\n", file.sha256, one_line(file.path), file.bytes);
    fmt::print("\n{}\n", report.fine() ? "All is well."
                                       : "This model is not as it should be: see the lines marked !!.");
}

int verify(const Arguments& arguments) {
    diffusion::CheckRequest request;
    request.root = weights::find_stored_model(arguments.model);
    request.variant = arguments.variant;
    request.sums = arguments.sums ? diffusion::Sums::yes : diffusion::Sums::no;
    diffusion::CheckHooks hooks;
    hooks.cancel = &interrupt_flag();
    if (!arguments.json)
        hooks.working = [](const std::string& what) { print_line(stderr, one_line("checking " + what)); };
    const ModelReport report = diffusion::check_model(request, hooks);
    if (arguments.json)
        print_line(stdout, to_json(report).dump(2, ' ', false, ordered_json::error_handler_t::replace));
    else
        print_report(report);
    return report.fine() ? 0 : exit_code(ErrorCode::corrupt_data);
}

}  // namespace

Command add_models_verify(CLI::App& models) {
    CLI::App* command =
        models.add_subcommand("verify", "Compare a model tensor by tensor with what the engine wants");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("MODEL", arguments->model, "A model's name, or its folder (i2vgen-xl)")
        ->type_name("");
    command->add_option("--variant", arguments->variant, "Check these weights: fp16")->type_name("NAME");
    command->add_flag("--sha256", arguments->sums, "Also the check sum of every file");
    command->add_flag("--json", arguments->json, "As JSON");
    command->footer(
        "The report holds no part of the weights: it can be passed on. Exit code 3: something is wrong.");
    return [arguments] { return verify(*arguments); };
}

}  // namespace stillreel::app
