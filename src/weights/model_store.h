// The models of this user: what lies in the models folder and in the Hugging Face cache, whole or not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace stillreel::weights {

struct StoredModel {
    enum class State { whole, incomplete, being_pulled };
    std::string name;  // as find_model takes it
    std::filesystem::path root;
    State state = State::whole;
    bool in_hugging_face_cache = false;
    std::uint64_t bytes = 0;
    std::string class_name;            // of its pipeline; empty when that cannot be read
    std::vector<std::string> missing;  // phrases; for a pull that was stopped: how much is there
};

/// By name; those of the Hugging Face cache only when they are whole.
std::vector<StoredModel> stored_models();

/// As find_model, but also a model of that name that is not whole.
std::filesystem::path find_stored_model(const std::string& name_or_path);

/// Where `name` lies in the models folder, whole or not: the model, or the leftovers of its pull. Throws
/// invalid_argument (a path), unsupported (it lies in the Hugging Face cache), not_found.
std::filesystem::path removable_model(const std::string& name);

/// Deletes what removable_model found, and what is left of a pull of it; returns the bytes that were freed.
/// Throws busy while it is being pulled, io, and as removable_model.
std::uint64_t remove_model(const std::string& name);

}  // namespace stillreel::weights
