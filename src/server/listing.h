// Putting texts of JSON together.
#pragma once

#include <string>
#include <vector>

namespace stillreel::server {

/// With commas between.
std::string joined(const std::vector<std::string>& items);
/// The elements of a JSON array, each as JSON. Throws FieldError naming `field` when it is no array of
/// objects.
std::vector<std::string> objects_of(const std::string& array, const std::string& field);

}  // namespace stillreel::server
