// Whether a worker is alive: it holds the lock of a file of its name for as long as its process lives. The
// kernel lets go of the lock however the process ends; no clock and no process number is trusted.
#pragma once

#include <filesystem>
#include <string>

namespace stillreel::jobs {

class WorkerLife {
  public:
    /// Takes the lock of `<folder>/<worker>.lock` and clears away the locks of dead workers. Makes the
    /// folder. Throws busy when another process lives under this name, io.
    static WorkerLife begin(const std::filesystem::path& folder, const std::string& worker);

    WorkerLife(WorkerLife&& other) noexcept;
    WorkerLife& operator=(WorkerLife&& other) noexcept;
    ~WorkerLife();

  private:
    WorkerLife() = default;

    std::filesystem::path file_;
    int lock_ = -1;
};

/// Only asks; takes no lock. A worker of which there is no file is dead.
bool alive(const std::filesystem::path& folder, const std::string& worker);

/// A name that no worker had before: the process number and chance.
std::string fresh_worker_name();

}  // namespace stillreel::jobs
