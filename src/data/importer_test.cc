#include "data/importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "data/test_segments.h"
#include "storage/fault_sweep.h"

namespace attune {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kPath[] = "/x.segment";

Status ImportStatus(Env& env, const Schema& schema, std::string_view csv, DatasetType type = DatasetType::kItems) {
  ImportRequest request{.type = type, .schema = &schema, .files = {}, .segment_path = kPath};
  request.files.push_back({.name = "d/test.csv", .source = std::make_unique<StringSource>(csv)});
  return ImportCsv(env, std::move(request)).status();
}

std::string Interactions(std::size_t rows) {
  std::string csv = "USER_ID,ITEM_ID,TIMESTAMP\n";
  for (std::size_t i = 0; i < rows; ++i) csv += "u" + std::to_string(i % 50) + ",i" + std::to_string(i) + ",1000\n";
  return csv;
}

Schema SmallInteractions() {
  return TestSchema("Interactions", R"({"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"},
                                       {"name":"TIMESTAMP","type":"long"})");
}

/// The outcome of importing one item whose `column` holds `value`, as it stands in the file.
Status ItemStatus(std::string_view column, const std::string& value) {
  const Schema schema = TestItemsSchema();
  std::string head = "ITEM_ID";
  std::string row = "a";
  for (const Field& field : schema.fields()) {
    if (field.name == "ITEM_ID") {
      if (column == field.name) row = value;
      continue;
    }
    head += "," + field.name;
    row += "," + (column == field.name ? value : std::string());
  }
  MemoryEnv env;
  const Status status = ImportStatus(env, schema, head + "\n" + row + "\n");
  EXPECT_EQ(env.Exists(kPath), status.ok());  // Of a failed import there is nothing.
  return status;
}

TEST(Importer, ReadsEveryTypeIntoItsColumn) {
  MemoryEnv env;
  const auto imported = ImportText(env, TestItemsSchema(),
                                   "ITEM_ID,GENRES,PRICE,YEAR,ON_SALE,BRAND,DESCRIPTION,CREATION_TIMESTAMP\n"
                                   "a,A|B,1.5,1999.0,true,acme,\"<b>Two</b>\n  words\",1000000000\n"
                                   "b,,,,,,,1000000000123\n",
                                   1);
  const Segment& segment = *imported.segment;

  ASSERT_EQ(segment.row_count(), 2u);
  EXPECT_EQ(segment.Cell(0, 0), Value(std::string("a")));
  EXPECT_EQ(segment.Cell(1, 0), Value(std::string("A|B")));
  EXPECT_EQ(segment.Cell(2, 0), Value(1.5));
  EXPECT_EQ(segment.Cell(3, 0), Value(std::int64_t{1999}));
  EXPECT_EQ(segment.Cell(4, 0), Value(true));
  EXPECT_EQ(segment.Cell(6, 0), Value(std::string("Two words")));
  EXPECT_EQ(segment.Cell(7, 0), Value(std::int64_t{1'000'000'000'000}));
  EXPECT_EQ(segment.Cell(7, 1), Value(std::int64_t{1'000'000'000'123}));
  for (std::size_t column = 1; column < 7; ++column) EXPECT_EQ(segment.Cell(column, 1), Value()) << column;
}

TEST(Importer, FindsColumnsInAnyCaseAndOrderAndPassesOverOthers) {
  MemoryEnv env;
  const Schema schema = TestSchema("Items", R"({"name":"ITEM_ID","type":"string"},
                                               {"name":"GENRES","type":"string","categorical":true})");

  const auto imported = ImportText(env, schema, ",genres,Other,Item_Id\n0,Drama,x,a\n", 1);

  EXPECT_EQ(imported.segment->fields().size(), 2u);
  EXPECT_EQ(imported.segment->Cell(0, 0), Value(std::string("a")));
  EXPECT_EQ(imported.segment->Cell(1, 0), Value(std::string("Drama")));
}

TEST(Importer, ReadsSeveralFilesEachWithItsOwnHeader) {
  MemoryEnv env;
  const Schema schema = SmallInteractions();
  const std::string first = Interactions(600);
  const std::string second = "TIMESTAMP,ITEM_ID,USER_ID\n" + [] {
    std::string rows;
    for (int i = 0; i < 400; ++i) rows += "7,x" + std::to_string(i) + ",v\n";
    return rows;
  }();
  ImportRequest request{.schema = &schema, .files = {}, .segment_path = kPath};
  request.files.push_back({.name = "1.csv", .source = std::make_unique<StringSource>(first)});
  request.files.push_back({.name = "2.csv", .source = std::make_unique<StringSource>(second)});

  const auto summary = ImportCsv(env, std::move(request));

  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->row_count, 1000u);
  const auto segment = *Segment::Open(env, kPath);
  EXPECT_EQ(segment->Cell(0, 600), Value(std::string("v")));
  EXPECT_EQ(segment->Cell(2, 999), Value(std::int64_t{7000}));
}

TEST(Importer, NamesTheMissingColumns) {
  MemoryEnv env;

  EXPECT_EQ(ImportStatus(env, TestInteractionsSchema(), "ITEM_ID,USER_ID,EVENT_TYPE,IMPRESSION,DEVICE_TYPE\n"),
            InvalidArgument("Input CSV is missing the following columns:[TIMESTAMP, EVENT_VALUE]."));
}

TEST(Importer, RefusesAFileWithoutAHeaderAndAColumnTwice) {
  MemoryEnv env;

  EXPECT_EQ(ImportStatus(env, SmallInteractions(), "").message(), "d/test.csv: the file is empty; it needs a header");
  EXPECT_EQ(ImportStatus(env, SmallInteractions(), "USER_ID,ITEM_ID,TIMESTAMP,user_id\n").message(),
            "d/test.csv: the header names the column USER_ID twice");
}

TEST(Importer, RefusesARowOfAnotherLength) {
  MemoryEnv env;

  EXPECT_EQ(ImportStatus(env, SmallInteractions(), "USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\nu,i\n").message(),
            "d/test.csv, line 3: the row has 2 fields; the header has 3");
}

TEST(Importer, NamesFileLineColumnValueAndRule) {
  EXPECT_EQ(ItemStatus("PRICE", "cheap").message(), "d/test.csv, line 2, column PRICE: 'cheap' is not a number");
  EXPECT_EQ(ItemStatus("YEAR", "1999.5").message(), "d/test.csv, line 2, column YEAR: '1999.5' is not a whole number");
  EXPECT_EQ(ItemStatus("ON_SALE", "maybe").message(),
            "d/test.csv, line 2, column ON_SALE: 'maybe' is neither true nor false");
  EXPECT_EQ(ItemStatus("ITEM_ID", "").message(),
            "d/test.csv, line 2, column ITEM_ID: the value is empty; the schema does not allow null");
  EXPECT_EQ(ItemStatus("BRAND", "caf\xe9").message(), "d/test.csv, line 2, column BRAND: 'caf?' is not UTF-8 text");
  EXPECT_EQ(ItemStatus("PRICE", "inf").message(), "d/test.csv, line 2, column PRICE: 'inf' is not a number");
  EXPECT_EQ(ItemStatus("YEAR", std::string(200, 'x')).message(),
            "d/test.csv, line 2, column YEAR: '" + std::string(80, 'x') + "…' is not a whole number");
}

TEST(Importer, AnIntHas32BitsAndALong64) {
  EXPECT_TRUE(ItemStatus("YEAR", "2147483647").ok());
  EXPECT_THAT(ItemStatus("YEAR", "2147483648").message(), HasSubstr("'2147483648' is beyond the limit of 2147483647"));
  EXPECT_FALSE(ItemStatus("CREATION_TIMESTAMP", "99999999999999999999").ok());
  EXPECT_FALSE(ItemStatus("CREATION_TIMESTAMP", "-9223372036854775808").ok());
  EXPECT_TRUE(ItemStatus("CREATION_TIMESTAMP", "-1000000000").ok());
}

TEST(Importer, LimitsCountCharactersNotBytes) {
  std::string umlauts;
  for (int i = 0; i < 256; ++i) umlauts += "ü";

  EXPECT_TRUE(ItemStatus("ITEM_ID", umlauts).ok());
  EXPECT_THAT(ItemStatus("ITEM_ID", umlauts + "x").message(),
              HasSubstr("Length cannot be more than 256 characters for ITEM_ID. If no values exceed"));
  EXPECT_TRUE(ItemStatus("GENRES", std::string(1000, 'x')).ok());
  EXPECT_THAT(ItemStatus("GENRES", std::string(1001, 'x')).message(),
              HasSubstr("Length cannot be more than 1000 characters for GENRES."));
  EXPECT_TRUE(ItemStatus("DESCRIPTION", std::string(50'000, 'x')).ok());
}

TEST(Importer, AnImpressionMayBeEmptyWhereTheSchemaForbidsNullAndLongerThanACategory) {
  MemoryEnv env;
  const Schema schema = TestSchema("Interactions", R"({"name":"USER_ID","type":"string"},
      {"name":"ITEM_ID","type":"string"},{"name":"TIMESTAMP","type":"long"},{"name":"IMPRESSION","type":"string"})");
  const auto status = [&](std::size_t bytes) {
    std::string csv = "USER_ID,ITEM_ID,TIMESTAMP,IMPRESSION\n";
    for (int i = 0; i < 1000; ++i) csv += "u,i,1," + std::string(i == 0 ? bytes : 0, 'x') + "\n";
    return ImportStatus(env, schema, csv, DatasetType::kInteractions);
  };

  EXPECT_TRUE(status(0).ok());
  EXPECT_TRUE(status(kImpressionCharactersMax).ok());
  EXPECT_FALSE(status(kImpressionCharactersMax + 1).ok());
}

TEST(Importer, InteractionsNeedAThousandRowsAndTimesSince1970) {
  MemoryEnv env;

  EXPECT_TRUE(ImportStatus(env, SmallInteractions(), Interactions(1000), DatasetType::kInteractions).ok());
  EXPECT_EQ(ImportStatus(env, SmallInteractions(), Interactions(999), DatasetType::kInteractions).message(),
            "The dataset has 999 interactions; the minimum is 1000.");
  EXPECT_THAT(ImportStatus(env, SmallInteractions(), "USER_ID,ITEM_ID,TIMESTAMP\nu,i,-1\n", DatasetType::kInteractions)
                  .message(),
              HasSubstr("column TIMESTAMP: '-1' lies before 1970"));
}

TEST(Importer, StopsWhenItIsToldAndLeavesNothing) {
  MemoryEnv env;
  const Schema schema = SmallInteractions();
  const std::string csv = Interactions(20'000);
  const std::atomic<bool> cancelled{true};
  std::uint64_t seen = 0;
  ImportRequest request{.schema = &schema, .files = {}, .segment_path = kPath, .cancelled = &cancelled};
  request.on_progress = [&](std::uint64_t rows) { seen = rows; };
  request.files.push_back({.name = "a.csv", .source = std::make_unique<StringSource>(csv)});

  EXPECT_EQ(ImportCsv(env, std::move(request)).status().code(), Code::kCancelled);
  EXPECT_EQ(seen, 0u);
  EXPECT_FALSE(env.Exists(kPath));
}

TEST(Importer, ShowsHowFarItIs) {
  MemoryEnv env;
  const Schema schema = SmallInteractions();
  const std::string csv = Interactions(20'000);
  std::vector<std::uint64_t> seen;
  ImportRequest request{.schema = &schema, .files = {}, .segment_path = kPath};
  request.on_progress = [&](std::uint64_t rows) { seen.push_back(rows); };
  request.files.push_back({.name = "a.csv", .source = std::make_unique<StringSource>(csv)});

  ASSERT_TRUE(ImportCsv(env, std::move(request)).ok());
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{8192, 16384}));
}

TEST(Importer, LeavesNothingWhateverTheDiskRefusesAndImportsAfterwards) {
  const Schema schema = SmallInteractions();
  const std::string csv = Interactions(1000);
  SweepFaults([&](MemoryEnv& env, SingleFault& fault) {
    fault.Arm();
    const Status status = ImportStatus(env, schema, csv, DatasetType::kInteractions);
    fault.Heal();

    ASSERT_TRUE(status.ok() || fault.happened());
    if (!status.ok()) {
      EXPECT_TRUE(status.code() == Code::kResourceExhausted || status.code() == Code::kIo) << status.ToString();
    }
    // The rename may have happened before its sync failed; what is there then is whole.
    const auto entries = env.List("/");
    for (const DirectoryEntry& entry : *entries) EXPECT_EQ("/" + entry.name, kPath);
    EXPECT_TRUE(!env.Exists(kPath) || Segment::Open(env, kPath).ok());
    ASSERT_TRUE(ImportStatus(env, schema, csv, DatasetType::kInteractions).ok());
    env.Crash();
    EXPECT_TRUE(Segment::Open(env, kPath).ok());
  });
}

TEST(Segment, OpensWholeOrNotAtAllWhicheverReadFails) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    ASSERT_TRUE(ImportStatus(env, SmallInteractions(), Interactions(1000), DatasetType::kInteractions).ok());
    fault.Arm();
    const auto segment = Segment::Open(env, kPath);
    fault.Heal();
    ASSERT_TRUE(segment.ok() || fault.happened());
    ASSERT_TRUE(segment.ok() || segment.status().code() == Code::kIo) << segment.status().ToString();
    EXPECT_TRUE(Segment::Open(env, kPath).ok());
  });
}

TEST(Segment, IsCorruptWhicheverByteChanged) {
  MemoryEnv env;
  ASSERT_TRUE(ImportStatus(env, TestItemsSchema(),
                           "ITEM_ID,GENRES,PRICE,YEAR,ON_SALE,BRAND,DESCRIPTION,CREATION_TIMESTAMP\n"
                           "a,A|B,1.5,1999,true,acme,Two words,1000000000\n")
                  .ok());
  const std::uint64_t size = *env.FileSize(kPath);
  std::size_t corrupt = 0;
  for (std::uint64_t byte = 0; byte < size; byte += 7) {
    env.FlipBit(kPath, byte, 3);
    const auto segment = Segment::Open(env, kPath);
    if (!segment.ok()) {
      EXPECT_EQ(segment.status().code(), Code::kCorrupt);
      ++corrupt;
    }
    env.FlipBit(kPath, byte, 3);
  }

  EXPECT_GT(corrupt, size / 7 / 3);  // The rest is padding: so small a file is half of that.
  EXPECT_TRUE(Segment::Open(env, kPath).ok());
}

TEST(CleanText, RemovesTagsNewlinesAndSurplusBlanks) {
  EXPECT_EQ(CleanText("  <p>One\t two</p>\r\n<br/>three  "), "One two three");
  EXPECT_EQ(CleanText("1 < 2"), "1 < 2");
  EXPECT_EQ(CleanText(""), "");
}

TEST(CleanText, CutsBetweenCharacters) {
  std::string text;
  for (std::size_t i = 0; i < kTextualCharactersMax; ++i) text += "é";

  EXPECT_EQ(CleanText(text), text);
  EXPECT_EQ(CleanText(text + "é"), text);
}

TEST(Moments, AreSecondsUnlessTheyAreFarAway) {
  EXPECT_EQ(ToMilliseconds(1'600'000'000), 1'600'000'000'000);
  EXPECT_EQ(ToMilliseconds(kSecondsMax), kSecondsMax * 1000);
  EXPECT_EQ(ToMilliseconds(kSecondsMax + 1), kSecondsMax + 1);
  EXPECT_EQ(ToMilliseconds(-5), -5000);
  EXPECT_EQ(ToMilliseconds(-kSecondsMax - 1), -kSecondsMax - 1);
  EXPECT_TRUE(IsTimeColumn("Creation_Timestamp"));
  EXPECT_FALSE(IsTimeColumn("TIME"));
}

}  // namespace
}  // namespace attune
