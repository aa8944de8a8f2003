// What the crash tests kill: a worker whose jobs write small text files bit by bit, and a client that
// submits.
//
//     crash_worker work <db> <outputs> <lease_ms> wait|leave
//     crash_worker submit <db> <bytes of spec>      until it fails; says the id of each job that was accepted
//
// A job's file is "<job id>\n", its spec as often as it takes, and "end\n". The first word of the spec says
// more: "kill" ends the worker, "slow" takes until it is cancelled, "deaf" hears of no cancel, "full" fails.

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "jobs/worker.h"

namespace {

using namespace stillreel;
using namespace stillreel::jobs;

constexpr int kPieces = 5;
constexpr int kPiece_us = 4000;

struct Studio {
    fs::path outputs;

    std::string execute(const Claim& claim, const ReportProgress& report, const CancelFlag& cancel) const {
        const std::string& spec = claim.job.spec;
        PartFile part = PartFile::create(outputs / claim.job.output);
        std::ofstream file(part.path());
        file << claim.job.id << "\n";
        const int pieces = spec == "slow" ? 100'000 : spec == "deaf" ? 20 * kPieces : kPieces;
        for (int i = 0; i < pieces; ++i) {
            if (spec == "kill" && i == 2) ::raise(SIGKILL);
            if (spec == "full" && i == 2) throw Error(ErrorCode::io, "the disk is full");
            if (spec != "deaf") cancel.throw_if_requested();
            file << spec << "\n" << std::flush;
            report(static_cast<double>(i) / pieces, "writing", -1);
            ::usleep(kPiece_us);
        }
        file << "end\n" << std::flush;
        file.close();
        part.commit_new();
        return fmt::format("made by attempt {}", claim.attempt);
    }

    std::optional<std::string> finished_already(const Job& job) const {
        if (!fs::exists(outputs / job.output)) return std::nullopt;
        const std::string text = read_text_file(outputs / job.output, 1 << 20);
        if (!text.starts_with(job.id + "\n") || !text.ends_with("end\n")) return std::nullopt;
        return "adopted";
    }

    void discard_output(const Job& job) const {
        std::error_code ignored;
        fs::remove(outputs / job.output, ignored);
        fs::remove(outputs / (job.output + ".part"), ignored);
    }
};

int work(const fs::path& db, const fs::path& outputs, std::int64_t lease_ms, const std::string& when_idle) {
    StoreOptions store_options;
    store_options.lease_ms = lease_ms;
    JobStore store = JobStore::open(db, store_options);
    const Studio studio{outputs};
    Work work;
    work.execute = [&](const Claim& claim, const ReportProgress& report, const CancelFlag& cancel) {
        return studio.execute(claim, report, cancel);
    };
    work.finished_already = [&](const Job& job) { return studio.finished_already(job); };
    work.discard_output = [&](const Job& job) { studio.discard_output(job); };
    work.name_taken = [&](const std::string& name) { return fs::exists(outputs / name); };
    WorkerOptions options;
    options.poll_ms = 20;
    options.when_idle = when_idle == "leave" ? WhenIdle::leave : WhenIdle::wait;
    std::cout << run_worker(store, work, options, interrupt_flag()) << std::endl;
    return 0;
}

int submit(const fs::path& db, std::size_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    JobStore store = JobStore::open(db);
    NewJob job;
    job.spec = std::string(bytes, 's');
    for (;;) std::cout << store.submit(job).id << std::endl;
}

}  // namespace

int main(int count, char** words) {
    const std::vector<std::string> args(words, words + count);
    try {
        if (count == 6 && args[1] == "work") return work(args[2], args[3], std::stol(args[4]), args[5]);
        if (count == 4 && args[1] == "submit") return submit(args[2], std::stoul(args[3]));
    } catch (const Error& error) {
        std::cerr << name_of(error.code()) << ": " << error.what() << std::endl;
        return exit_code(error.code());
    }
    return 2;
}
