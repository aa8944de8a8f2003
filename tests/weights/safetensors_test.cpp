// safetensors files: what is written comes back, and what the format forbids is refused by name.
#include "weights/safetensors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>

#include "base/file.h"
#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"
#include "weights/safetensors_writer.h"

namespace stillreel::weights {
namespace {

namespace fs = std::filesystem;
using tensor::DType;
using tensor::Shape;
using testing::ScratchFolder;
using testing::StoredWeight;

std::string file_of(const std::string& header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes + header + std::string(data_bytes, '\x01');
}

SafetensorsHeader parse(const std::string& bytes) {
    return parse_safetensors_header(std::as_bytes(std::span(bytes)), "model.safetensors");
}

SafetensorsHeader parse(const std::string& header, std::size_t data_bytes) {
    return parse(file_of(header, data_bytes));
}

/// The header is refused, with these words and the file's name.
void expect_refused(const std::string& header, std::size_t data_bytes, const std::string& words) {
    EXPECT_ERROR(parse(header, data_bytes), ErrorCode::corrupt_data, words);
    EXPECT_ERROR(parse(header, data_bytes), ErrorCode::corrupt_data, "model.safetensors: ");
}

std::string f32(const std::string& name, const std::string& shape, const std::string& begin,
                const std::string& end) {
    return "\"" + name + "\": {\"dtype\": \"F32\", \"shape\": " + shape + ", \"data_offsets\": [" + begin +
           ", " + end + "]}";
}

void write_bytes(const fs::path& path, const std::string& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

TEST(Safetensors, WhatIsWrittenComesBack) {
    const ScratchFolder folder;
    const std::vector<float> numbers{1, -2, 0.5f, 3, 4, 65504};
    const StoredWeight full = StoredWeight::of(Shape{2, 3}, numbers);
    const StoredWeight ids{DType::i64, Shape{3}, std::vector<std::byte>(24, std::byte{7})};
    const StoredWeight byte{DType::u8, Shape{1}, {std::byte{9}}};
    const StoredWeight none{DType::f32, Shape{0, 4}, {}};
    const StoredWeight scalar = StoredWeight::of(Shape{}, std::vector<float>{42});
    const StoredWeight half = full.as(DType::f16), brain = full.as(DType::bf16);
    write_safetensors(folder / "deep/a.safetensors",
                      {{"full", full.data()},
                       {"half", half.data()},
                       {"brain", brain.data()},
                       {"ids", ids.data()},
                       {"byte", byte.data()},
                       {"none", none.data()},
                       {"scalar", scalar.data()}},
                      {{"format", "pt"}, {"step", "3"}});

    const SafetensorsFile file = SafetensorsFile::open(folder / "deep/a.safetensors");
    EXPECT_EQ(file.tensors().size(), 7u);
    EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}, {"step", "3"}}));
    const testing::StoredWeights found = testing::read_weights(folder / "deep/a.safetensors");
    EXPECT_EQ(found.at("full").floats(), numbers);
    EXPECT_EQ(found.at("half").floats(), numbers);
    EXPECT_EQ(found.at("brain").type, DType::bf16);
    EXPECT_EQ(found.at("ids").bytes, ids.bytes);
    EXPECT_EQ(found.at("byte").bytes, byte.bytes);
    EXPECT_EQ(found.at("none").shape, (Shape{0, 4}));
    EXPECT_EQ(found.at("scalar").floats(), std::vector<float>{42});
    EXPECT_EQ(file.find("ids")->type, "I64");
    EXPECT_EQ(file.find("full")->elements(), 6u);
    EXPECT_EQ(file.find("missing"), nullptr);
    for (const auto& [name, stored] : file.tensors())
        EXPECT_EQ(stored.begin % tensor::bytes_of(file.weight(name).type), 0u) << name;
}

TEST(Safetensors, ReleasedPagesComeBack) {
    const ScratchFolder folder;
    std::vector<float> numbers(100'000);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i);
    const StoredWeight weight = StoredWeight::of(Shape{100'000}, numbers);
    testing::write_weights(folder / "a.safetensors", {{"a", weight}, {"b", weight}});
    const SafetensorsFile file = SafetensorsFile::open(folder / "a.safetensors");
    for (int round = 0; round < 2; ++round)
        for (const std::string name : {"a", "b"}) {
            std::vector<float> got(numbers.size());
            tensor::read_floats(file.weight(name), 0, got);
            EXPECT_EQ(got, numbers);
            file.release(name);
        }
}

/// Bytes of memory that this process holds.
std::uint64_t resident_bytes() {
    std::uint64_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST(Safetensors, ReleasedTensorsTakeNoMemory) {
    const ScratchFolder folder;
    constexpr std::int64_t kNumbers = 1 << 21;
    constexpr int kTensors = 8;
    {
        const StoredWeight weight = StoredWeight::of(Shape{kNumbers}, std::vector<float>(kNumbers, 1.0f));
        testing::StoredWeights all;
        for (int i = 0; i < kTensors; ++i) all[std::to_string(i)] = weight;
        testing::write_weights(folder / "a.safetensors", all);
    }
    const SafetensorsFile file = SafetensorsFile::open(folder / "a.safetensors");
    std::vector<float> chunk(1 << 16);
    const std::uint64_t before = resident_bytes();
    std::uint64_t peak = before;
    for (const auto& [name, stored] : file.tensors()) {
        const tensor::WeightData weight = file.weight(name);
        for (std::int64_t i = 0; i < kNumbers; i += static_cast<std::int64_t>(chunk.size()))
            tensor::read_floats(weight, i, chunk);
        peak = std::max(peak, resident_bytes());
        file.release(name);
    }
    const std::uint64_t tensor_bytes = kNumbers * sizeof(float);
    EXPECT_LT(peak - before, 2 * tensor_bytes);
    EXPECT_LT(resident_bytes(), before + tensor_bytes / 2);
}

TEST(Safetensors, AFileThatIsNotFinishedIsNotThere) {
    const ScratchFolder folder;
    const fs::path path = folder / "a.safetensors";
    const StoredWeight weight = StoredWeight::of(Shape{2}, std::vector<float>{1, 2});
    {
        auto writer =
            SafetensorsWriter::create(path, {{"a", DType::f32, Shape{2}}, {"b", DType::f32, Shape{2}}});
        writer.put(weight.data());
    }
    EXPECT_TRUE(fs::is_empty(folder.path()));
    auto writer = SafetensorsWriter::create(path, {{"b", DType::f32, Shape{2}}, {"a", DType::f32, Shape{2}}});
    writer.put(weight.data());
    writer.put(weight.data());
    EXPECT_FALSE(fs::exists(path));
    writer.commit();
    EXPECT_EQ(testing::read_weights(path).at("b").floats(), (std::vector<float>{1, 2}));
}

TEST(Safetensors, WritingWhereNobodyMayIsSaid) {
    const StoredWeight weight = StoredWeight::of(Shape{2}, std::vector<float>{1, 2});
    EXPECT_ERROR(write_safetensors("/proc/none/a.safetensors", {{"a", weight.data()}}), ErrorCode::io,
                 "/proc/none");
}

TEST(Safetensors, AHeaderIsListedAsItStands) {
    const auto header =
        parse("{\"__metadata__\": {\"format\": \"pt\"}, " + f32("b", "[2, 1]", "0", "8") + "," +
                  "\"a\": {\"data_offsets\": [8, 16], \"shape\": [], \"dtype\": \"F64\"}}  ",
              16);
    ASSERT_EQ(header.tensors.size(), 2u);
    EXPECT_EQ(header.tensors.at("a").type, "F64");
    EXPECT_EQ(header.tensors.at("b").shape, (std::vector<std::int64_t>{2, 1}));
    EXPECT_EQ(header.tensors.at("a").begin, header.tensors.at("b").end);
    EXPECT_EQ(header.metadata.at("format"), "pt");
    EXPECT_TRUE(parse("{}", 0).tensors.empty());
}

TEST(Safetensors, AFileWithoutAHeaderIsRefused) {
    EXPECT_ERROR(parse(std::string()), ErrorCode::corrupt_data, "it has 0 bytes");
    EXPECT_ERROR(parse(std::string("PK\x03\x04")), ErrorCode::corrupt_data, "it has 4 bytes");
    EXPECT_ERROR(parse(std::string(8, '\0')), ErrorCode::corrupt_data, "no JSON");
    // Longer than the file, longer than is allowed, longer than 64 bits can add.
    EXPECT_ERROR(parse(file_of("{}", 0).substr(0, 9)), ErrorCode::corrupt_data,
                 "would have 2 bytes, but only 1 follow");
    EXPECT_ERROR(parse("\x01\xe1\xf5\x05" + std::string(4, '\0') + "{}"), ErrorCode::corrupt_data,
                 "at most 100000000");
    EXPECT_ERROR(parse(std::string(8, '\xff') + "{}"), ErrorCode::corrupt_data, "18446744073709551615 bytes");
}

TEST(Safetensors, AHeaderOfAnotherFormIsRefused) {
    expect_refused("", 0, "no JSON from byte");
    expect_refused("{\"a\": ", 0, "no JSON from byte");
    expect_refused("{} x", 0, "no JSON from byte");
    expect_refused("{\"\xff\": 1}", 0, "no JSON from byte");
    expect_refused("[]", 0, "a list instead of an object");
    expect_refused("7", 0, "instead of an object");
    expect_refused("{\"a\": 7}", 0, "the number 7 is not expected in its header (tensor a)");
    expect_refused("{\"a\": {}}", 0, "tensor a lacks its dtype, shape or data_offsets");
    expect_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": []}}", 0, "tensor a lacks");
    expect_refused("{\"a\": {\"dtype\": 5}}", 0, "(tensor a, field dtype)");
    expect_refused("{\"a\": {\"shape\": \"x\"}}", 0, "(tensor a, field shape)");
    expect_refused("{\"a\": {\"shape\": [[1]]}}", 0, "a list is not expected");
    expect_refused("{\"a\": {\"shape\": {}}}", 0, "an object is not expected");
    expect_refused("{\"a\": {\"shape\": [null]}}", 0, "null is not expected");
    expect_refused("{\"a\": {\"shape\": [true]}}", 0, "true or false is not expected");
    expect_refused("{\"a\": {\"colour\": \"red\"}}", 0, "(tensor a, field colour)");
    expect_refused("{\"a\": {\"shape\": [], \"shape\": []}}", 0, "a has the field shape twice");
    expect_refused("{\"__metadata__\": {\"a\": 1}}", 0, "the number 1 is not expected");
    expect_refused("{\"__metadata__\": {}, \"__metadata__\": {}}", 0, "__metadata__ is described twice");
    expect_refused("{" + f32("a", "[]", "0", "4") + ", " + f32("a", "[]", "0", "4") + "}", 4,
                   "a is described twice");
    expect_refused(std::string(1'000'000, '['), 0, "a list instead of an object");
    expect_refused("{\"a\":" + std::string(1'000'000, '['), 0, "a list is not expected");
}

TEST(Safetensors, SizesThatDoNotFollowFromTypeAndShapeAreRefused) {
    expect_refused("{" + f32("a", "[3]", "0", "8") + "}", 8, "tensor a of F32 (3) needs 12 bytes, but has 8");
    expect_refused("{" + f32("a", "[-1]", "0", "8") + "}", 8, "a negative number");
    expect_refused("{" + f32("a", "[1.5]", "0", "8") + "}", 8, "a fraction or huge number");
    expect_refused("{" + f32("a", "[18446744073709551616]", "0", "8") + "}", 8, "a fraction or huge number");
    expect_refused("{" + f32("a", "[9223372036854775808]", "0", "8") + "}", 8,
                   "the number 9223372036854775808");
    // 2^62 numbers of 4 bytes are 2^64 bytes: none, if one did not look.
    expect_refused("{" + f32("a", "[4611686018427387904]", "0", "0") + "}", 0, "a shape beyond any memory");
    expect_refused("{" + f32("a", "[4294967296, 4294967296]", "0", "0") + "}", 0,
                   "a shape beyond any memory");
    expect_refused("{\"a\": {\"dtype\": \"F33\", \"shape\": [2], \"data_offsets\": [0, 8]}}", 8,
                   "the unknown type F33");
    std::string many = "[1";
    for (int i = 0; i < 64; ++i) many += ", 1";
    expect_refused("{" + f32("a", many + "]", "0", "4") + "}", 4, "(tensor a, field shape)");
}

TEST(Safetensors, OffsetsThatLeadAstrayAreRefused) {
    expect_refused("{" + f32("a", "[2]", "8", "0") + "}", 8,
                   "tensor a ends at byte 0, before it begins at byte 8");
    expect_refused("{" + f32("a", "[2]", "0", "8") + ", " + f32("b", "[2]", "4", "12") + "}", 12,
                   "tensor b begins at byte 4 of the data, but the one before it ends at byte 8");
    expect_refused("{" + f32("a", "[2]", "0", "8") + ", " + f32("b", "[2]", "0", "8") + "}", 8,
                   "begins at byte 0");
    expect_refused("{" + f32("a", "[2]", "0", "8") + ", " + f32("b", "[2]", "12", "20") + "}", 20,
                   "begins at byte 12");
    expect_refused("{" + f32("a", "[2]", "4", "12") + "}", 12, "begins at byte 4");
    expect_refused("{" + f32("a", "[2]", "0", "8") + "}", 9, "its last 1 bytes belong to no tensor");
    expect_refused("{}", 9, "its last 9 bytes belong to no tensor");
    expect_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8, 8]}}", 8,
                   "3 data_offsets");
    expect_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0]}}", 8,
                   "1 data_offsets");
    const std::string top = std::to_string(std::numeric_limits<std::uint64_t>::max());
    expect_refused("{" + f32("a", "[2]", "18446744073709551607", top) + "}", 8,
                   "begins at byte 18446744073709551607");
}

TEST(Safetensors, ATruncatedFileIsSaidToBeCut) {
    const std::string header =
        "{" + f32("a", "[2]", "0", "8") + ", " + f32("late.weight", "[2]", "8", "16") + "}";
    expect_refused(
        header, 15,
        "tensor late.weight ends at byte 16 of the data, of which there are 15: the file has been cut");
    const std::string whole = file_of(header, 16);
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes)
        EXPECT_THROW(parse(whole.substr(0, bytes)), Error) << bytes;
    EXPECT_NO_THROW(parse(whole));
}

TEST(Safetensors, HostileNamesAreShownOnOneShortLine) {
    const std::string hostile = "\\u001b[2J\\n" + std::string(100'000, 'x');
    try {
        parse("{" + f32(hostile, "[3]", "0", "8") + "}", 8);
        FAIL();
    } catch (const Error& error) {
        EXPECT_LT(std::strlen(error.what()), 400u);
        EXPECT_EQ(std::string(error.what()).find_first_of("\x1b\n"), std::string::npos);
    }
    EXPECT_EQ(shown_name("conv.weight"), "conv.weight");
    std::string characters;
    for (int i = 0; i < 100; ++i) characters += "\xe4\xb8\xad";
    characters = "a" + characters;
    EXPECT_EQ(shown_name(characters), characters.substr(0, 118) + "...");
}

TEST(Safetensors, TypesThatAreNotComputedWithAreListedButNotHandedOut) {
    const ScratchFolder folder;
    write_bytes(folder / "a.safetensors",
                file_of("{\"d\": {\"dtype\": \"F64\", \"shape\": [2], \"data_offsets\": [0, 16]}, " +
                            f32("deep", "[1, 1, 1, 1, 1, 1]", "16", "20") + "}",
                        20));
    const SafetensorsFile file = SafetensorsFile::open(folder / "a.safetensors");
    EXPECT_EQ(file.find("d")->type, "F64");
    EXPECT_ERROR(file.weight("d"), ErrorCode::unsupported, "tensor d holds F64");
    EXPECT_ERROR(file.weight("deep"), ErrorCode::unsupported, "tensor deep has 6 dimensions");
}

TEST(Safetensors, AFileThatIsCutWhileItIsOpenIsRefusedBeforeItIsRead) {
    const ScratchFolder folder;
    const StoredWeight weight = StoredWeight::of(Shape{5000}, std::vector<float>(5000, 1.0f));
    testing::write_weights(folder / "a.safetensors", {{"a", weight}, {"b", weight}});
    const SafetensorsFile file = SafetensorsFile::open(folder / "a.safetensors");
    EXPECT_EQ(file.weight("b").shape, Shape{5000});
    fs::resize_file(folder / "a.safetensors", file.find("a")->end);
    EXPECT_EQ(file.weight("a").shape, Shape{5000});
    EXPECT_ERROR(file.weight("b"), ErrorCode::corrupt_data, "has been cut while it was in use");
}

TEST(Safetensors, WhatIsNoFileIsNotOpened) {
    const ScratchFolder folder;
    EXPECT_ERROR(SafetensorsFile::open(folder / "none"), ErrorCode::not_found, (folder / "none").string());
    EXPECT_ERROR(SafetensorsFile::open(folder.path()), ErrorCode::io, "is not a regular file");
    write_bytes(folder / "empty", "");
    EXPECT_ERROR(SafetensorsFile::open(folder / "empty"), ErrorCode::corrupt_data, "it has 0 bytes");
    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_ERROR(SafetensorsFile::open(folder / "pipe"), ErrorCode::io, "is not a regular file");
}

TEST(Safetensors, AMovedFileStaysOpen) {
    const ScratchFolder folder;
    testing::write_weights(folder / "a.safetensors",
                           {{"a", StoredWeight::of(Shape{1}, std::vector<float>{5})}});
    testing::write_weights(folder / "b.safetensors",
                           {{"b", StoredWeight::of(Shape{1}, std::vector<float>{6})}});
    SafetensorsFile file = SafetensorsFile::open(folder / "a.safetensors");
    SafetensorsFile other = std::move(file);
    file = SafetensorsFile::open(folder / "b.safetensors");
    float a = 0, b = 0;
    tensor::read_floats(other.weight("a"), 0, {&a, 1});
    tensor::read_floats(file.weight("b"), 0, {&b, 1});
    EXPECT_EQ(a, 5);
    EXPECT_EQ(b, 6);
}

}  // namespace
}  // namespace stillreel::weights
