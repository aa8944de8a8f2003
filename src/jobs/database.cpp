#include "jobs/database.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <system_error>

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"

namespace stillreel::jobs {
namespace fs = std::filesystem;
namespace {

constexpr int kRetryPause_ms = 20;

[[noreturn]] void throw_damaged(const std::string& file, std::string_view what) {
    throw Error(
        ErrorCode::corrupt_data,
        fmt::format("{0} is damaged ({1}): stop stillreel and move {0} and its -wal and -shm files aside, "
                    "then a new queue is made at the next start (finished clips stay where they are); "
                    "`sqlite3 {0} .recover` saves what can still be read",
                    file, what));
}

[[noreturn]] void throw_sqlite(sqlite3* connection, int code) {
    const char* name = sqlite3_db_filename(connection, "main");
    const std::string file = name && *name ? name : "the job database";
    const std::string reason = sqlite3_errmsg(connection);
    switch (code & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            throw_damaged(file, reason);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            throw Error(ErrorCode::busy,
                        fmt::format("{} is kept locked by another program: close it and try again", file));
        case SQLITE_FULL:
            throw Error(
                ErrorCode::io,
                fmt::format("cannot write {}: the disk is full; free some space and try again", file));
        case SQLITE_NOMEM:
            throw Error(
                ErrorCode::out_of_memory,
                fmt::format("not enough memory to read {}: close other programs and try again", file));
        case SQLITE_IOERR:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
            throw Error(
                ErrorCode::io,
                fmt::format("cannot read or write {} ({}): check the disk's free space and health, and "
                            "that this user may write into its folder",
                            file, sqlite3_errstr(sqlite3_extended_errcode(connection))));
        default:
            break;
    }
    // What is left (a wrong statement, a broken constraint) is a mistake of this room.
    STILLREEL_CHECK_EQ(reason, "");
    throw Error(ErrorCode::io, reason);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

bool Statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    throw_sqlite(sqlite3_db_handle(handle_.get()), code);
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }

double Statement::real(int column) const { return sqlite3_column_double(handle_.get(), column); }

std::string Statement::text(int column) const {
    const unsigned char* bytes = sqlite3_column_text(handle_.get(), column);
    if (!bytes) return {};
    return {reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

void Statement::bind(int index, std::int64_t value) {
    STILLREEL_CHECK_EQ(sqlite3_bind_int64(handle_.get(), index, value), SQLITE_OK);
}

void Statement::bind(int index, double value) {
    STILLREEL_CHECK_EQ(sqlite3_bind_double(handle_.get(), index, value), SQLITE_OK);
}

void Statement::bind(int index, std::string_view value) {
    // A null pointer would bind NULL, and an empty view may hold one.
    const char* bytes = value.data() ? value.data() : "";
    const int code =
        sqlite3_bind_text64(handle_.get(), index, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    if (code == SQLITE_TOOBIG)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("a text of {} bytes is too long for a job", value.size()));
    if (code != SQLITE_OK) throw_sqlite(sqlite3_db_handle(handle_.get()), code);
}

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Database Database::open(const fs::path& file, std::int64_t busy_timeout_ms) {
    std::error_code failed;
    if (file.has_parent_path()) fs::create_directories(file.parent_path(), failed);
    if (failed)
        throw Error(ErrorCode::io, fmt::format("cannot create the folder {}: {}", file.parent_path().string(),
                                               failed.message()));
    sqlite3* connection = nullptr;
    const int code = sqlite3_open_v2(
        file.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(connection);
    if (code != SQLITE_OK)
        throw Error(
            ErrorCode::io,
            fmt::format("cannot open {} ({}): check that it is a file in a folder that this user may "
                        "write into",
                        file.string(), connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code)));
    sqlite3_busy_timeout(connection, static_cast<int>(busy_timeout_ms));
    database.use_write_ahead_log(busy_timeout_ms);
    // An answered submit must survive a power cut, so every commit reaches the disk.
    database.run_script("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF");
    database.check_integrity();
    return database;
}

void Database::use_write_ahead_log(std::int64_t busy_timeout_ms) {
    // Two processes that make the file at the same moment meet here, and SQLite does not wait for them
    // itself.
    for (std::int64_t waited_ms = 0;; waited_ms += kRetryPause_ms) {
        try {
            Statement mode = query("PRAGMA journal_mode=WAL");
            mode.step();
            if (mode.text(0) != "wal")
                log::warning("the job database lies on a file system without write-ahead logging");
            return;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::busy || waited_ms >= busy_timeout_ms) throw;
        }
        sqlite3_sleep(kRetryPause_ms);
    }
}

void Database::check_integrity() {
    Statement check = query("PRAGMA quick_check(1)");
    if (!check.step() || check.text(0) == "ok") return;
    throw_damaged(sqlite3_db_filename(connection_.get(), "main"), check.text(0));
}

Statement Database::prepare(std::string_view sql) {
    sqlite3_stmt* handle = nullptr;
    const int code =
        sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()), &handle, nullptr);
    if (code != SQLITE_OK) throw_sqlite(connection_.get(), code);
    return Statement(handle);
}

int Database::changes() const { return sqlite3_changes(connection_.get()); }

void Database::run_script(const std::string& sql) {
    const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw_sqlite(connection_.get(), code);
}

void Database::roll_back() {
    if (sqlite3_get_autocommit(connection_.get())) return;
    // What fails here is undone by whoever opens the file next.
    sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Transaction::Transaction(Database& database) : database_(database) {
    database_.run_script("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
    if (open_) database_.roll_back();
}

void Transaction::commit() {
    database_.run_script("COMMIT");
    open_ = false;
}

}  // namespace stillreel::jobs
