// /metrics as Prometheus reads it, and the facts of the machine.
#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "server/metric_text.h"
#include "service_fixture.h"

namespace stillreel::testing {
namespace {

/// Samples by series ("name{labels}"), after the text was found to be sound: every line is a comment or a
/// sample; HELP and TYPE stand before a metric's samples, once; no series twice; buckets do not fall, end
/// with +Inf, and that is the count.
std::map<std::string, double> checked(const std::string& text) {
    static const std::regex sample(
        R"re(([a-z_]+)(\{([a-z_]+="([^"\\]|\\.)*"(,(?=[a-z]))?)*\})? (-?[0-9.e+-]+))re");
    static const std::regex comment(R"(# (HELP|TYPE) ([a-z_]+) (.+))");
    static const std::regex bucket_bound(R"re(,?le="([^"]+)")re");
    std::map<std::string, double> samples;
    std::map<std::string, std::string> types;
    std::set<std::string> helped;
    std::map<std::string, std::vector<std::pair<std::string, double>>> buckets;
    std::istringstream lines(text);
    std::smatch parts;
    std::string current;
    for (std::string line; std::getline(lines, line);) {
        if (std::regex_match(line, parts, comment)) {
            current = parts[2];
            if (parts[1] == "HELP") {
                EXPECT_TRUE(helped.insert(current).second) << line;
            } else {
                EXPECT_TRUE(types.emplace(current, parts[3]).second) << line;
            }
            continue;
        }
        if (!std::regex_match(line, parts, sample)) {
            ADD_FAILURE() << "no sample: " << line;
            continue;
        }
        const std::string name = parts[1], labels = parts[2];
        const double value = std::stod(parts[6]);
        EXPECT_TRUE(samples.emplace(name + labels, value).second) << "twice: " << line;
        EXPECT_TRUE(helped.contains(current) && types.contains(current)) << line;
        const bool histogram = types[current] == "histogram";
        EXPECT_TRUE(name == current || (histogram && std::regex_match(name.substr(current.size()),
                                                                      std::regex("_(bucket|sum|count)"))))
            << line << " under " << current;
        if (histogram && name == current + "_bucket") {
            std::smatch bound;
            EXPECT_TRUE(std::regex_search(labels, bound, bucket_bound)) << line;
            std::string series = current + std::regex_replace(labels, bucket_bound, "");
            if (series.ends_with("{}")) series.resize(series.size() - 2);
            buckets[series].emplace_back(bound[1], value);
        }
    }
    for (const auto& [series, list] : buckets) {
        for (std::size_t i = 1; i < list.size(); ++i) EXPECT_LE(list[i - 1].second, list[i].second) << series;
        EXPECT_EQ(list.back().first, "+Inf") << series;
        const std::size_t brace = std::min(series.find('{'), series.size());
        EXPECT_EQ(samples.at(series.substr(0, brace) + "_count" + series.substr(brace)), list.back().second);
        EXPECT_TRUE(samples.contains(series.substr(0, brace) + "_sum" + series.substr(brace)));
    }
    return samples;
}

TEST(MetricText, EscapesWhatCouldEndALabel) {
    server::MetricText text;
    text.family("a", "gauge", "Help.");
    text.sample(1.5, {{"x", "quote \" slash \\ line \n end"}});
    EXPECT_EQ(text.text(), "# HELP a Help.\n# TYPE a gauge\na{x=\"quote \\\" slash \\\\ line   end\"} 1.5\n");
    checked(text.text());
}

class MetricsTest : public ServiceTest {
  protected:
    void complete_next(const std::string& result) {
        const auto life = jobs::WorkerLife::begin(store().workers_folder(), "hand");
        jobs::ClaimRequest request;
        request.worker = "hand";
        const auto claim = store().claim(request);
        ASSERT_TRUE(claim);
        EXPECT_TRUE(store().complete(*claim, result));
    }
    void submit(const std::string& shape) {
        jobs::NewJob job;
        job.shape = shape;
        store().submit(job);
    }
};

TEST_F(MetricsTest, IsSoundAndTellsOfWorkWaitingAndSteps) {
    start();
    for (const char* step : {"0.5", "2.5", "1.5"}) {
        submit("i2vgen-xl 512x512 16");
        complete_next(std::string(R"({"step_seconds":)") + step + "}");
    }
    submit("animatic 1280x720 96");
    complete_next("{}");
    submit("animatic 1280x720 48");
    complete_next("no JSON");
    submit("animatic 1280x720 48");
    get("/v1/clips");
    const auto samples = checked(get("/metrics").body);
    EXPECT_EQ(samples.at("stillreel_clips{state=\"completed\"}"), 5);
    EXPECT_EQ(samples.at("stillreel_clips{state=\"queued\"}"), 1);
    EXPECT_EQ(samples.at("stillreel_clip_seconds_count{engine=\"animatic\",size=\"1280x720\"}"), 2);
    EXPECT_EQ(samples.at("stillreel_clip_seconds_count{engine=\"i2vgen-xl\",size=\"512x512\"}"), 3);
    EXPECT_EQ(samples.at("stillreel_queue_wait_seconds_count"), 5);
    EXPECT_EQ(samples.at("stillreel_step_seconds{engine=\"i2vgen-xl\",size=\"512x512\"}"), 1.5);
    EXPECT_FALSE(samples.contains("stillreel_step_seconds{engine=\"animatic\",size=\"1280x720\"}"));
    EXPECT_GT(samples.at("process_resident_memory_bytes"), 1e6);
    EXPECT_EQ(samples.at("stillreel_build_info{version=\"" + std::string(studio::version()) + "\"}"), 1);
    EXPECT_GE(samples.at("stillreel_queue_longest_wait_seconds"), 0);
}

TEST_F(MetricsTest, HasABoundedNumberOfSeriesHoweverManySizesThereAre) {
    start();
    for (int i = 0; i < 70; ++i) {
        submit("animatic " + std::to_string(100 + i) + "x64 4");
        complete_next("{}");
    }
    int series = 0;
    const auto samples = checked(get("/metrics").body);
    for (const auto& [name, value] : samples) series += name.starts_with("stillreel_clip_seconds_count");
    EXPECT_EQ(series, 51);
    EXPECT_EQ(samples.at("stillreel_clip_seconds_count{engine=\"animatic\",size=\"other\"}"), 20);
}

TEST_F(MetricsTest, TheSystemTellsOfMemoryDiskAndWorkers) {
    start();
    const auto life = jobs::WorkerLife::begin(store().workers_folder(), "hand");
    store().enlist({"hand", "render", 4711, 1'700'000'000'000});
    const auto facts = get("/v1/system").json();
    EXPECT_GE(facts.at("memory_total_bytes"), facts.at("memory_free_bytes"));
    EXPECT_GE(facts.at("disk_total_bytes"), facts.at("disk_free_bytes"));
    EXPECT_GE(facts.at("threads"), 1);
    EXPECT_GE(facts.at("uptime_seconds"), 0);
    EXPECT_EQ(facts.at("worker_ready"), true);
    // The fixture's own quick worker may be among them already.
    const auto& workers = facts.at("workers");
    const auto hand = std::find_if(workers.begin(), workers.end(),
                                   [](const auto& worker) { return worker.at("process_id") == 4711; });
    ASSERT_NE(hand, workers.end());
    EXPECT_EQ(hand->at("lane"), "render");
    EXPECT_EQ(hand->at("started_at"), "2023-11-14T22:13:20Z");
}

}  // namespace
}  // namespace stillreel::testing
