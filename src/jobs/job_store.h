// The durable queue: every job is a row of one SQLite file (WAL) that the server and the workers open side by
// side. What a job is about is text that this room does not read. Whatever is killed at whatever moment, no
// job is lost and none is finished twice.
//
// A worker lives as long as it holds a file lock (worker_life.h); it owns a job by a claim, which says worker
// and attempt. Every change that a worker makes names its claim, and fails when the claim is no longer the
// job's: a worker that slept past its lease changes nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stillreel::jobs {

enum class State { queued, running, completed, failed, cancelled };
std::string_view name_of(State state);
/// Throws invalid_argument with the list of names.
State parse_state(std::string_view name);

/// Rendering, one long job after the other; and short work that somebody waits for.
inline constexpr std::string_view kRenderLane = "render";
inline constexpr std::string_view kQuickLane = "quick";

/// What is asked for.
struct NewJob {
    std::string lane{kRenderLane};  // the workers that may take it
    std::string spec{};             // opaque
    std::string shape{};            // jobs of one shape take about as long: "animatic 1280x720 96"
    double estimate_s = 0;          // what it is thought to take; 0: nobody knows
    int priority = 0;               // higher goes first
    std::string batch{};            // id that jobs of one batch share; empty: none
    std::string webhook{};          // where to tell of the end; empty: nobody
    /// Name of the output, "video_*.mp4": * becomes the time of the attempt. Empty: there is none.
    std::string output_form{};
    /// Idempotency-Key: a second submit with the same key is the first one's job. Empty: none.
    std::string key{};
};

struct Job {
    std::string id;  // 20 letters and digits, sortable by time
    std::string lane;
    State state = State::queued;
    std::string spec, shape, batch, webhook, output_form;
    int priority = 0;
    double position = 0;  // order among equal priorities; smaller goes first
    double estimate_s = 0;
    int attempt = 0;     // counts claims
    int crashes = 0;     // attempts whose worker died, since submit or retry
    std::string worker;  // of the last attempt
    bool cancel_requested = false;
    bool keep_partial = false;  // on cancel, what there is becomes the result
    double progress = 0;        // 0 to 1; 1 only when completed
    std::string stage;
    double eta_s = -1;   // told by the worker; negative: unknown
    std::string output;  // file name reserved for this attempt, relative to the outputs folder
    std::string result;  // opaque: what completion left
    std::string error_code, error_message;
    std::int64_t created_ms = 0, started_ms = 0, finished_ms = 0;  // Unix time; 0: not yet
    std::int64_t lease_ends_ms = 0;                                // on the machine's steady clock
    std::int64_t deleted_ms = 0;  // in the bin since then: hidden, never claimed, undone by restore(); 0: not
    bool favourite = false;

    bool deleted() const { return deleted_ms != 0; }
};

struct Claim {
    Job job;
    std::string worker;
    int attempt = 0;
};

/// What a worker should do with its job, answered at every renewal.
enum class Verdict { carry_on, cancel, lost };

/// What becomes of the work done so far when a running job is cancelled.
enum class Partial { discard, keep };

enum class Order {
    newest_first,  // by id
    queue,         // as the jobs will be claimed
};

struct Filter {
    std::string lane{kRenderLane};  // empty: all
    std::vector<State> states{};    // empty: all
    std::string batch{};            // empty: all
    bool favourites = false;        // only these
    bool deleted = false;           // what is in the bin, instead of what is not
    Order order = Order::newest_first;
    int limit = 100;
    std::string before{};  // an id: older ones only (newest_first)
};

using Counts = std::map<State, int>;  // every state is there

/// What a job that is still queued may be changed into. What is not set stays.
struct Edit {
    std::optional<std::string> spec{}, shape{};
    std::optional<double> estimate_s{};
    std::optional<std::string> output_form{};
};

/// Something that listeners should hear of; jobs of the quick lane are nobody else's business. Numbers grow
/// and survive restarts; a job's older "progress" is dropped when a newer one comes.
struct Event {
    std::int64_t number = 0;
    std::string job;   // id; empty: about the queue
    std::string kind;  // "created", "updated", "progress", "deleted", "queue" (paused or resumed)
    std::int64_t at_ms = 0;
};

/// A webhook to be called, or called.
struct Delivery {
    enum class Outcome { due, delivered, given_up };
    std::int64_t id = 0;
    std::string job, url;
    State state = State::completed;  // that the job ended in
    std::int64_t due_ms = 0;
    int tries = 0;           // that failed
    std::int64_t at_ms = 0;  // when the job ended, Unix time
    Outcome outcome = Outcome::due;
    std::string error;  // of the last try; empty: it went well, or there was none
};

/// A process that takes jobs, alive when asked.
struct WorkerRecord {
    std::string name, lane;
    int process_id = 0;
    std::int64_t started_ms = 0;
};

/// Durations, counted for a histogram.
struct Histogram {
    std::int64_t count = 0;
    double sum_s = 0;
    std::vector<std::int64_t> up_to{};  // for each bound, how many lasted no longer
};

/// Completed jobs of one shape.
struct Finished {
    std::string shape;
    Histogram worked{};  // of the attempt that completed it
    Histogram waited{};  // from submit to the start of that attempt
};

/// When a job will be there.
struct Outlook {
    int position = 0;             // 1: next in the queue; 0: running
    std::optional<double> eta_s;  // until it is finished, waiting included; none: nobody can tell
};

struct ClaimRequest {
    std::string worker;
    std::string lane{kRenderLane};
    /// Whether a file of this name exists already; empty: never.
    std::function<bool(const std::string& output)> name_taken;
};

/// The result of a job whose output exists, whole, though nobody said so: its worker died in between.
using FinishedAlready = std::function<std::optional<std::string>(const Job&)>;

/// The attempt of a dead or overtaken worker, whose files are to be removed.
struct Stray {
    Job job;  // job.output is the attempt's
    int attempt = 0;
};

/// What a commit waits for.
enum class Durability {
    power_cut,  // that it is on the disk: what was answered is never forgotten
    crash,      // that the system has it: a power cut may undo the last ones. For what can be asked again
};

struct StoreOptions {
    std::int64_t lease_ms = 30'000;     // a live worker that says nothing for so long has lost its job
    std::int64_t events_kept = 10'000;  // about
    std::int64_t busy_timeout_ms = 10'000;
    Durability durability = Durability::power_cut;
};

/// Attempts whose worker died, after which a job is failed.
inline constexpr int kCrashesAllowed = 3;

/// One connection. Any thread may call; calls wait for each other. Every operation may throw io (disk full,
/// with what to do), busy (another process keeps the file locked), corrupt_data. An id that does not exist is
/// not_found; an operation that the job's state forbids is busy, with a sentence that says both.
class JobStore {
  public:
    /// Creates the file and its folder where missing, and brings an older schema up to date. Throws
    /// corrupt_data (not a database, or damaged), unsupported (made by a newer stillreel), io.
    static JobStore open(const std::filesystem::path& file, StoreOptions options = {});
    JobStore(JobStore&&) noexcept;
    JobStore& operator=(JobStore&&) noexcept;
    ~JobStore();

    const StoreOptions& options() const;
    /// Where the workers of this store hold their locks.
    std::filesystem::path workers_folder() const;

    // --- asking for work ---

    /// Throws invalid_argument when the key was used for another spec or webhook.
    Job submit(const NewJob& job);
    /// All or none, queued in this order.
    std::vector<Job> submit_batch(const std::vector<NewJob>& jobs);

    // --- looking ---

    Job get(const std::string& id);
    std::optional<Job> find(const std::string& id);
    std::vector<Job> list(const Filter& filter);
    /// Not counting what is in the bin.
    Counts counts(std::string_view lane = kRenderLane);
    /// All completed jobs of the lane, those in the bin too, by shape. Reads an index (10 000 jobs: some ms).
    /// Bounds in seconds, ascending.
    std::vector<Finished> finished(std::string_view lane, const std::vector<double>& worked_bounds_s,
                                   const std::vector<double>& waited_bounds_s);
    /// Results of the last completed jobs of a shape, newest first.
    std::vector<std::string> last_results(std::string_view shape, int limit);
    /// Milliseconds that the longest waiting job of the lane has waited; 0: none waits.
    std::int64_t longest_wait_ms(std::string_view lane = kRenderLane);
    /// 1: next; 0: not waiting.
    int queue_position(const std::string& id);
    /// Of every queued and running job of the lane, by id. While the lane is paused, or has no worker, queued
    /// jobs have no eta. Walks the whole queue (1000 jobs: a few ms): ask once for a page, not for every job.
    std::map<std::string, Outlook> outlook(std::string_view lane = kRenderLane);

    // --- changing one's mind ---

    /// Queued: cancelled at once. Running: asked to stop. Already ended: nothing.
    Job cancel(const std::string& id, Partial partial = Partial::discard);
    /// Failed or cancelled: queued again, at the end.
    Job retry(const std::string& id);
    /// A new job like this one, at the end of the queue.
    Job duplicate(const std::string& id);
    /// Queued jobs only.
    Job edit(const std::string& id, const Edit& edit);
    Job prioritise(const std::string& id, int priority);
    /// Queued jobs of one lane; the moved job takes over the other's priority.
    Job move_before(const std::string& id, const std::string& other);
    Job move_after(const std::string& id, const std::string& other);
    void pause(std::string_view lane = kRenderLane);
    void resume(std::string_view lane = kRenderLane);
    bool paused(std::string_view lane = kRenderLane);
    /// Into the bin. A running job is cancelled; a queued one waits there, unclaimed.
    Job remove(const std::string& id);
    Job restore(const std::string& id);
    Job mark_favourite(const std::string& id);
    Job unmark_favourite(const std::string& id);
    /// For ever; only from the bin, not while running. Remove the job's files first: after a crash in
    /// between, the job is still there to try again.
    void purge(const std::string& id);
    /// All jobs of a lane that ended before `before_ms`, in the bin or not: for a lane whose results are
    /// fetched at once. Returns how many.
    int purge_ended(std::string_view lane, std::int64_t before_ms);

    // --- working (worker.h calls these) ---

    /// The worker must hold its lock. The attempt's number and its output's name are taken before anything is
    /// written.
    std::optional<Claim> claim(const ClaimRequest& request);
    /// Extends the lease and tells how far the work is. progress 0 to 1; eta_s < 0: unknown.
    Verdict renew(const Claim& claim, double progress, std::string_view stage, double eta_s);
    /// The verdict alone: cheap, writes nothing.
    Verdict look(const Claim& claim);
    /// The end of an attempt. False: the claim is lost and nothing has changed.
    [[nodiscard]] bool complete(const Claim& claim, const std::string& result);
    [[nodiscard]] bool fail(const Claim& claim, std::string_view error_code, std::string_view message);
    [[nodiscard]] bool finish_cancelled(const Claim& claim);
    /// Back to its place in the queue; cancelled, if that was asked for meanwhile.
    [[nodiscard]] bool release(const Claim& claim);
    /// For a claim that was lost: true when its output must be removed by the caller, false when the output
    /// has become the job's after all.
    [[nodiscard]] bool give_up_output(const Claim& lost);

    /// Running jobs of the lane whose worker is dead, or silent past its lease: adopted when finished
    /// already, failed at the third time, else queued again. Returns how many. The callback may read files;
    /// its Errors count as "not finished".
    int reclaim(std::string_view lane, const FinishedAlready& finished_already);
    /// Outputs of attempts of this lane that came to nothing and whose worker is dead.
    std::vector<Stray> strays(std::string_view lane);
    /// The stray's files are gone.
    void forget(const Stray& stray);

    void enlist(const WorkerRecord& worker);
    void dismiss(const std::string& worker);
    /// Those alive. Forgets the others.
    std::vector<WorkerRecord> workers();

    // --- telling ---

    /// Oldest first, numbers above `number`.
    std::vector<Event> events_after(std::int64_t number, int limit = 1000);
    /// 0: none yet.
    std::int64_t last_event();
    /// Events up to this number may be missing: a listener that knows less must look at everything anew.
    std::int64_t trimmed_up_to();

    std::vector<Delivery> due_deliveries(std::int64_t now_ms, int limit = 20);
    /// Of each of these jobs the last one, by job. Jobs without any are left out.
    std::map<std::string, Delivery> last_deliveries(const std::vector<std::string>& jobs);
    /// Each of these is an event of the job.
    void delivered(std::int64_t delivery);
    void retry_delivery(std::int64_t delivery, std::int64_t due_ms, std::string_view error);
    void give_up_delivery(std::int64_t delivery, std::string_view error);

    struct Inside;

  private:
    explicit JobStore(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

}  // namespace stillreel::jobs
