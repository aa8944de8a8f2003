#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/lines.h"
#include "app/models_commands.h"
#include "app/usage_error.h"
#include "base/error.h"
#include "weights/hub_pull.h"
#include "weights/manifest.h"
#include "weights/model_facts.h"
#include "weights/model_store.h"

namespace stillreel::app {
namespace {

using nlohmann::ordered_json;
using weights::StoredModel;

void print_json(const ordered_json& value) {
    print_line(stdout, value.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

const char* name_of(StoredModel::State state) {
    switch (state) {
        case StoredModel::State::whole:
            return "whole";
        case StoredModel::State::incomplete:
            return "incomplete";
        case StoredModel::State::being_pulled:
            return "half pulled";
    }
    return "";
}

ordered_json to_json(const StoredModel& model) {
    return {{"name", model.name},
            {"state", name_of(model.state)},
            {"engine", engine_of(model.class_name)},
            {"pipeline", model.class_name},
            {"bytes", model.bytes},
            {"folder", model.root.string()},
            {"hugging_face_cache", model.in_hugging_face_cache},
            {"missing", model.missing}};
}

ordered_json rows_of(const std::vector<StoredModel>& models) {
    auto rows = ordered_json::array();
    for (const StoredModel& model : models) rows.push_back(to_json(model));
    return rows;
}

int list(bool as_json) {
    const std::vector<StoredModel> models = weights::stored_models();
    if (as_json) {
        print_json(rows_of(models));
        return 0;
    }
    if (models.empty()) {
        fmt::print("No models in {}. `stillreel models pull ali-vilab/i2vgen-xl` fetches one.\n",
                   weights::models_folder().string());
        return 0;
    }
    std::size_t width = 0;
    for (const StoredModel& model : models) width = std::max(width, model.name.size());
    for (const StoredModel& model : models) {
        fmt::print("{:{}}  {:>8}  engine {:10}  {:11}  {}{}\n", one_line(model.name), width,
                   bytes_text(model.bytes), engine_of(model.class_name), name_of(model.state),
                   one_line(model.root.string()), model.in_hugging_face_cache ? " (Hugging Face cache)" : "");
        for (const std::string& line : model.missing) fmt::print("{:{}}  -> {}\n", "", width, one_line(line));
    }
    return 0;
}

ordered_json to_json(const weights::ComponentFacts& facts) {
    ordered_json object{
        {"name", facts.component.name}, {"class", facts.component.class_name}, {"bytes", facts.bytes}};
    if (facts.tensors > 0) {
        object["tensors"] = facts.tensors;
        object["parameters"] = facts.parameters;
        object["dtypes"] = facts.dtypes;
        object["weights"] = facts.weights;
    }
    if (!facts.fault.empty()) object["fault"] = facts.fault;
    return object;
}

std::string dtypes_text(const std::map<std::string, int>& dtypes) {
    std::vector<std::string> parts;
    for (const auto& [type, tensors] : dtypes)
        parts.push_back(dtypes.size() == 1 ? type : fmt::format("{} x {}", tensors, type));
    return fmt::format("{}", fmt::join(parts, ", "));
}

void print_facts(const weights::ModelFacts& facts) {
    fmt::print("{}\n", facts.folder.root.string());
    fmt::print("  pipeline  {} (engine {})\n", one_line(facts.folder.class_name),
               engine_of(facts.folder.class_name));
    if (const auto manifest = weights::read_manifest(facts.folder.root))
        fmt::print("  from      {}, revision {} ({:.10})\n", one_line(manifest->repository),
                   one_line(manifest->revision), one_line(manifest->commit));
    fmt::print("  size      {}, {:.1f} million parameters\n\n", bytes_text(facts.bytes),
               static_cast<double>(facts.parameters) / 1e6);
    for (const weights::ComponentFacts& part : facts.components) {
        fmt::print("  {:18} {:30} {:>8}", one_line(part.component.name), one_line(part.component.class_name),
                   bytes_text(part.bytes));
        if (part.tensors > 0)
            fmt::print("  {:7.1f} M parameters in {} tensors, {}", static_cast<double>(part.parameters) / 1e6,
                       part.tensors, dtypes_text(part.dtypes));
        fmt::print("\n");
        if (!part.fault.empty()) fmt::print("  {:18} -> {}\n", "", one_line(part.fault));
    }
    if (facts.missing.empty()) return;
    fmt::print("\nMissing:\n");
    for (const std::string& line : facts.missing) fmt::print("  {}\n", one_line(line));
}

struct ShowArguments {
    std::string name;
    std::string variant;
    bool json = false;
};

int show(const ShowArguments& arguments) {
    const weights::ModelFacts facts =
        weights::facts_of(weights::find_stored_model(arguments.name), arguments.variant);
    if (!arguments.json) {
        print_facts(facts);
        return 0;
    }
    ordered_json object{{"folder", facts.folder.root.string()},
                        {"pipeline", facts.folder.class_name},
                        {"engine", engine_of(facts.folder.class_name)},
                        {"bytes", facts.bytes},
                        {"parameters", facts.parameters},
                        {"components", ordered_json::array()},
                        {"missing", facts.missing}};
    if (const auto manifest = weights::read_manifest(facts.folder.root))
        object["source"] = {{"repository", manifest->repository},
                            {"revision", manifest->revision},
                            {"commit", manifest->commit},
                            {"variant", manifest->variant}};
    for (const weights::ComponentFacts& part : facts.components)
        object["components"].push_back(to_json(part));
    print_json(object);
    return 0;
}

bool confirmed(const std::filesystem::path& root) {
    if (isatty(STDIN_FILENO) != 1)
        throw UsageError(fmt::format("removing {} needs a yes: add --yes", root.string()));
    fmt::print(stderr, "Delete {}? [y/N] ", root.string());
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

struct RemoveArguments {
    std::string name;
    bool yes = false;
};

int remove(const RemoveArguments& arguments) {
    const std::filesystem::path root = weights::removable_model(arguments.name);
    if (!arguments.yes && !confirmed(root)) {
        print_line(stderr, "Nothing was deleted.");
        return 0;
    }
    const std::uint64_t bytes = weights::remove_model(arguments.name);
    fmt::print("removed {}, {} are free again\n", root.string(), bytes_text(bytes));
    return 0;
}

}  // namespace

const char* engine_of(const std::string& pipeline_class) {
    return pipeline_class == "I2VGenXLPipeline" ? "i2vgen-xl" : "none";
}

std::string models_json() {
    ordered_json rows = rows_of(weights::stored_models());
    // Where things lie on the server's disk is no client's business.
    for (ordered_json& row : rows) row.erase("folder");
    return rows.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::vector<std::string> model_names() {
    std::vector<std::string> names;
    for (const StoredModel& model : weights::stored_models()) names.push_back(model.name);
    return names;
}

Command add_models_list(CLI::App& models) {
    CLI::App* command = models.add_subcommand("list", "Models that are here, whole or not");
    auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "As JSON");
    return [json] { return list(*json); };
}

Command add_models_show(CLI::App& models) {
    CLI::App* command = models.add_subcommand("show", "What a model consists of and what it lacks");
    auto arguments = std::make_shared<ShowArguments>();
    command->add_option("MODEL", arguments->name, "A model's name, or its folder")->type_name("")->required();
    command->add_option("--variant", arguments->variant, "Look at these weights: fp16")->type_name("NAME");
    command->add_flag("--json", arguments->json, "As JSON");
    return [arguments] { return show(*arguments); };
}

Command add_models_remove(CLI::App& models) {
    CLI::App* command = models.add_subcommand("remove", "Delete a model of the models folder");
    auto arguments = std::make_shared<RemoveArguments>();
    command->add_option("MODEL", arguments->name, "A model's name")->type_name("")->required();
    command->add_flag("-y,--yes", arguments->yes, "Do not ask");
    return [arguments] { return remove(*arguments); };
}

Command add_models(CLI::App& app) {
    CLI::App* models = app.add_subcommand("models", "Fetch, list, check and remove diffusion models");
    models->require_subcommand(0, 1);
    models->footer(
        "Examples:\n"
        "  stillreel models pull ali-vilab/i2vgen-xl --variant fp16\n"
        "  stillreel models list\n"
        "  stillreel models verify i2vgen-xl\n"
        "docs/models.md tells where models lie, and of mirrors, tokens and working offline.");
    auto commands = std::make_shared<std::map<const CLI::App*, Command>>();
    for (const auto& add : {add_models_list, add_models_show, add_models_pull, add_models_verify,
                            add_models_random, add_models_quantize, add_models_remove, add_models_cache}) {
        Command command = add(*models);
        (*commands)[models->get_subcommands({}).back()] = std::move(command);
    }
    return [models, commands] {
        const auto chosen = models->get_subcommands();
        if (!chosen.empty()) return commands->at(chosen.front())();
        fmt::print("{}", models->help());
        return 0;
    };
}

}  // namespace stillreel::app
