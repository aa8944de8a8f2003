#include "jobs/schema.h"

#include <sqlite3.h>

#include <fstream>
#include <iterator>

#include "store_fixture.h"

namespace stillreel::jobs {
namespace {

using testing::ScratchFolder;

void run_sql(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &connection), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(connection);
    sqlite3_close(connection);
}

TEST(Schema, AnOlderFileIsBroughtUpToDateAndKeepsItsRows) {
    const ScratchFolder folder;
    const std::vector<std::string> old = {"CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7)"};
    std::vector<std::string> now = old;
    now.push_back("ALTER TABLE t ADD COLUMN b INTEGER NOT NULL DEFAULT 5");
    now.push_back("UPDATE t SET b = a + b");
    {
        Database db = Database::open(folder / "a.db", 1000);
        migrate(db, old, folder / "a.db");
    }
    Database db = Database::open(folder / "a.db", 1000);
    migrate(db, now, folder / "a.db");
    migrate(db, now, folder / "a.db");
    Statement row = db.query("SELECT a, b, user_version FROM t, pragma_user_version");
    ASSERT_TRUE(row.step());
    EXPECT_EQ(row.integer(0), 7);
    EXPECT_EQ(row.integer(1), 12);
    EXPECT_EQ(row.integer(2), 3);
}

TEST(Schema, EveryReleasedVersionCanStillBeOpened) {
    for (std::size_t version = 0; version < migrations().size(); ++version) {
        const ScratchFolder folder;
        {
            Database db = Database::open(folder / "a.db", 1000);
            migrate(db, migrations().first(version), folder / "a.db");
        }
        JobStore store = JobStore::open(folder / "a.db");
        store.submit(NewJob());
        EXPECT_EQ(store.counts().at(State::queued), 1) << version;
    }
}

TEST(Schema, AnInterruptedStepLeavesTheFileAsItWas) {
    const ScratchFolder folder;
    const std::vector<std::string> first = {"CREATE TABLE t (a INTEGER)"};
    Database db = Database::open(folder / "a.db", 1000);
    migrate(db, first, folder / "a.db");
    {
        Transaction transaction(db);
        db.run_script("ALTER TABLE t ADD COLUMN b INTEGER; PRAGMA user_version=2");
    }
    Statement row =
        db.query("SELECT count(*), user_version FROM pragma_table_info('t'), pragma_user_version");
    ASSERT_TRUE(row.step());
    EXPECT_EQ(row.integer(0), 1);
    EXPECT_EQ(row.integer(1), 1);
}

TEST(Schema, ANewerFileIsRefusedWithASentence) {
    const ScratchFolder folder;
    JobStore::open(folder / "a.db");
    run_sql(folder / "a.db", "PRAGMA user_version=99");
    EXPECT_ERROR(JobStore::open(folder / "a.db"), ErrorCode::unsupported, "newer stillreel");
}

TEST(Schema, AFileThatIsNoDatabaseIsRefusedAndNotTouched) {
    const ScratchFolder folder;
    const std::string text(5000, 'x');
    std::ofstream(folder / "a.db") << text;
    EXPECT_ERROR(JobStore::open(folder / "a.db"), ErrorCode::corrupt_data, "move");
    std::ifstream in(folder / "a.db");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
}

TEST(Schema, ADamagedFileIsRefusedWithWhatToDo) {
    const ScratchFolder folder;
    {
        JobStore store = JobStore::open(folder / "a.db");
        std::vector<NewJob> jobs(200);
        for (NewJob& job : jobs) job.spec = std::string(1000, 's');
        store.submit_batch(jobs);
    }
    const auto size = std::filesystem::file_size(folder / "a.db");
    std::fstream file(folder / "a.db", std::ios::in | std::ios::out | std::ios::binary);
    for (std::uintmax_t at = 4096 * 3; at + 64 < size; at += 4096) {
        file.seekp(static_cast<std::streamoff>(at));
        file.write(std::string(64, '\x5a').data(), 64);
    }
    file.close();
    EXPECT_ERROR(JobStore::open(folder / "a.db"), ErrorCode::corrupt_data, "sqlite3");
}

TEST(Schema, AFolderThatCannotBeMadeIsNamed) {
    const ScratchFolder folder;
    std::ofstream(folder / "file") << "x";
    EXPECT_ERROR(JobStore::open(folder / "file" / "a.db"), ErrorCode::io, "file");
    std::filesystem::create_directory(folder / "a.db");
    EXPECT_ERROR(JobStore::open(folder / "a.db"), ErrorCode::io, "a.db");
}

}  // namespace
}  // namespace stillreel::jobs
