// The fields of a model's config file (JSON): each with the default of the library that wrote it, each
// checked.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stillreel::models {

class ConfigFields {
  public:
    /// `file` is used in messages: "vae/config.json". Throws corrupt_data when `json` is no JSON object.
    ConfigFields(std::string_view json, std::string file);
    ConfigFields(ConfigFields&&) noexcept;
    ~ConfigFields();

    /// A field that is absent or null has the value `otherwise`; one of another kind or out of range throws
    /// corrupt_data. Counts are whole numbers from 1 to 2^24.
    std::int64_t count(const char* field, std::int64_t otherwise) const;
    std::vector<std::int64_t> counts(const char* field, std::vector<std::int64_t> otherwise) const;
    double positive(const char* field, double otherwise) const;
    bool flag(const char* field, bool otherwise) const;
    std::string text(const char* field, std::string otherwise) const;
    std::vector<std::string> texts(const char* field, std::vector<std::string> otherwise) const;

    /// Exactly `otherwise.size()` numbers.
    std::vector<double> numbers(const char* field, std::vector<double> otherwise) const;

    /// Whether a field is there and not null, and whether it is a list.
    bool is_set(const char* field) const;
    bool is_list(const char* field) const;

    /// The fields of a field, when it is an object.
    bool is_object(const char* field) const;
    ConfigFields object(const char* field) const;

    /// Throws unsupported when the field is there with a value that is neither null nor one of `known`, each
    /// written as JSON: "\"silu\"", "true", "1".
    void accept(const char* field, std::initializer_list<std::string_view> known) const;

    /// Throws unsupported: this field's value is one that we do not have.
    [[noreturn]] void refuse(const char* field) const;
    /// Throws corrupt_data: this field's value cannot be, because of `why`.
    [[noreturn]] void reject(const char* field, std::string_view why) const;

  private:
    struct Parsed;
    std::unique_ptr<const Parsed> parsed_;
    std::string file_;
};

}  // namespace stillreel::models
