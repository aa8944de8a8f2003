// stillreel-parity CASE_DIR...: runs cases of the reference goldens with stillreel's own code and says, per
// output, how far the numbers are from the reference's. Exit 1 when any is further than its case allows, when
// a case expects an output that stillreel does not make, or names a component that it does not have.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/threads.h"
#include "runners.h"

namespace stillreel::parity {
namespace {

/// The cases at `path`: itself, or all below it.
std::vector<fs::path> cases_at(const fs::path& path) {
    if (fs::exists(path / "case.json")) return {path};
    std::vector<fs::path> found;
    if (fs::is_directory(path))
        for (const auto& entry : fs::recursive_directory_iterator(path))
            if (entry.path().filename() == "case.json") found.push_back(entry.path().parent_path());
    if (found.empty()) throw Error(ErrorCode::not_found, fmt::format("{} holds no case.json", path.string()));
    std::sort(found.begin(), found.end());
    return found;
}

void print(const Comparison& one) {
    if (one.tolerance.empty()) {
        fmt::print("  FAIL {:<28} {}\n", one.tensor, one.reason);
        return;
    }
    fmt::print("  {} {:<28} max {:<9.3g} mean {:<9.3g} rel {:<9.3g} allowed: {}{}{}\n",
               one.passed ? "ok  " : "FAIL", one.tensor, one.max_error, one.mean_error, one.rel_l2,
               one.tolerance, one.reason.empty() ? "" : "; ", one.reason);
}

bool run_case(const fs::path& folder, int threads) {
    try {
        const GoldenCase golden = load_case(folder);
        fmt::print("{}\n", golden.name);
        const auto runner = runners().find(golden.component);
        if (runner == runners().end())
            throw Error(ErrorCode::unsupported,
                        fmt::format("component {} is not one that stillreel can run",
                                    golden.component.empty() ? "?" : golden.component));
        Results results(golden);
        runner->second(golden, results, threads);
        const std::vector<Comparison> comparisons = results.finish();
        for (const Comparison& one : comparisons) print(one);
        if (comparisons.empty()) fmt::print("  FAIL the case expects nothing\n");
        return !comparisons.empty() && std::all_of(comparisons.begin(), comparisons.end(),
                                                   [](const Comparison& one) { return one.passed; });
    } catch (const std::exception& error) {
        fmt::print("  FAIL {}: {}\n", folder.filename().string(), error.what());
        return false;
    }
}

int run(const std::vector<std::string>& arguments, int threads) {
    int passed = 0, failed = 0;
    for (const std::string& argument : arguments)
        for (const fs::path& folder : cases_at(argument)) {
            (run_case(folder, threads) ? passed : failed) += 1;
            std::fflush(stdout);
        }
    fmt::print("{} cases passed, {} failed\n", passed, failed);
    return failed ? 1 : 0;
}

}  // namespace
}  // namespace stillreel::parity

int main(int argc, char** argv) {
    CLI::App app("Compares stillreel's I2VGen-XL engine with the reference, case by case.",
                 "stillreel-parity");
    std::vector<std::string> folders;
    int threads = stillreel::available_threads();
    app.add_option("CASE_DIR", folders, "Folders of cases, or folders that hold such folders")->required();
    app.add_option("--threads", threads, "Threads to compute with")->check(CLI::Range(1, 256));
    CLI11_PARSE(app, argc, argv);
    try {
        return stillreel::parity::run(folders, threads);
    } catch (const std::exception& error) {
        fmt::print(stderr, "stillreel-parity: {}\n", error.what());
        return 1;
    }
}
