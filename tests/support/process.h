// Running a program as a user would, with everything it says captured.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/scratch.h"

namespace stillreel::testing {

struct Finished {
    int exit_code = -1;  // 128 + signal when a signal ended it
    std::string out;
    std::string err;
};

struct ProcessOptions {
    std::filesystem::path folder;                    // to run in
    std::map<std::string, std::string> environment;  // on top of ours
    long max_file_bytes = 0;                         // RLIMIT_FSIZE; 0: none
};

/// A program under way. Killed when it is destroyed running.
class Process {
  public:
    Process(const std::vector<std::string>& command, const ProcessOptions& options) {
        const std::string out = logs_ / "out", err = logs_ / "err";
        child_ = fork();
        if (child_ < 0) throw std::runtime_error("cannot fork");
        if (child_ > 0) return;
        redirect(out, STDOUT_FILENO);
        redirect(err, STDERR_FILENO);
        if (chdir(options.folder.c_str()) != 0) _exit(125);
        for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
        if (options.max_file_bytes > 0) {
            const auto bytes = static_cast<rlim_t>(options.max_file_bytes);
            const rlimit limit{bytes, bytes};
            setrlimit(RLIMIT_FSIZE, &limit);
        }
        std::vector<char*> arguments;
        for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        execvp(arguments[0], arguments.data());
        _exit(126);
    }
    ~Process() {
        if (child_ <= 0) return;
        ::kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void signal(int number) const { ::kill(child_, number); }
    std::string out() const { return read(logs_ / "out"); }

    /// Waits for its end. A program that takes longer is killed, and the test fails with exit code 128 + 9.
    Finished wait(std::chrono::seconds at_most = std::chrono::seconds(60)) {
        const auto end = std::chrono::steady_clock::now() + at_most;
        int status = 0;
        while (waitpid(child_, &status, WNOHANG) == 0) {
            if (std::chrono::steady_clock::now() > end) ::kill(child_, SIGKILL);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        child_ = -1;
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return {code, read(logs_ / "out"), read(logs_ / "err")};
    }

  private:
    static void redirect(const std::string& path, int descriptor) {
        const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (file < 0 || dup2(file, descriptor) < 0) _exit(125);
    }
    static std::string read(const std::filesystem::path& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }

    ScratchFolder logs_;
    pid_t child_ = -1;
};

}  // namespace stillreel::testing
