// The tables of the queue, and how older files become newer ones.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "jobs/database.h"

namespace stillreel::jobs {

/// Step n - 1 brings a file of schema version n - 1 to version n. Released steps never change.
std::span<const std::string> migrations();

/// Applies the steps that the file has not seen, each in a transaction of its own; safe beside other
/// processes that do the same. Throws unsupported when the file's version is above the last step's.
void migrate(Database& database, std::span<const std::string> steps, const std::filesystem::path& file);

}  // namespace stillreel::jobs
