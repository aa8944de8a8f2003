// SQLite, as little of it as the queue needs: a connection, statements and transactions that cannot leak, and
// its error codes turned into sentences.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

struct sqlite3;
struct sqlite3_stmt;

namespace stillreel::jobs {

/// A statement with its values, stepped through row by row. Columns count from 0.
class Statement {
  public:
    /// True: there is a row to read. False: the end.
    bool step();
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;

  private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
    void bind(int index, std::int64_t value);
    void bind(int index, double value);
    void bind(int index, std::string_view value);

    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database {
  public:
    /// Creates the file where missing. WAL, every commit synced, foreign keys on. Throws corrupt_data (not a
    /// database, or damaged: all of it is checked), io, busy.
    static Database open(const std::filesystem::path& file, std::int64_t busy_timeout_ms);

    /// Values take the place of ?1, ?2 ...: integers, doubles, text.
    template <class... Values>
    Statement query(std::string_view sql, const Values&... values) {
        Statement statement = prepare(sql);
        [[maybe_unused]] int index = 0;
        (bind(statement, ++index, values), ...);
        return statement;
    }
    /// To its end. Returns the number of rows that were inserted, changed or deleted.
    template <class... Values>
    int run(std::string_view sql, const Values&... values) {
        Statement statement = query(sql, values...);
        while (statement.step()) {
        }
        return changes();
    }
    /// Several statements, split by semicolons, without values.
    void run_script(const std::string& sql);
    /// Ends the transaction, if there still is one: some failures (a full disk) have ended it already.
    void roll_back();

  private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    explicit Database(sqlite3* connection) : connection_(connection) {}
    Statement prepare(std::string_view sql);
    int changes() const;
    void use_write_ahead_log(std::int64_t busy_timeout_ms);
    void check_integrity();

    template <class Value>
    static void bind(Statement& statement, int index, const Value& value) {
        if constexpr (std::is_floating_point_v<Value>)
            statement.bind(index, static_cast<double>(value));
        else if constexpr (std::is_integral_v<Value>)
            statement.bind(index, static_cast<std::int64_t>(value));
        else
            statement.bind(index, std::string_view(value));
    }

    std::unique_ptr<sqlite3, Close> connection_;
};

/// Writes that happen all or not at all. Rolled back unless committed.
class Transaction {
  public:
    /// Waits until no other connection writes.
    explicit Transaction(Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    void commit();

  private:
    Database& database_;
    bool open_ = true;
};

}  // namespace stillreel::jobs
