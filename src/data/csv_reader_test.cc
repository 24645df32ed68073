#include "data/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"

namespace attune {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Rows = std::vector<std::vector<std::string>>;

/// Gives a few bytes at a time, so that every row is torn somewhere.
class DribblingSource final : public ByteSource {
 public:
  DribblingSource(std::string text, std::size_t bytes) : text_(std::move(text)), bytes_(bytes) {}
  Result<std::size_t> Read(std::span<char> buffer) override {
    const std::size_t count = std::min({buffer.size(), bytes_, text_.size() - position_});
    std::copy_n(text_.data() + position_, count, buffer.data());
    position_ += count;
    return count;
  }

 private:
  const std::string text_;
  const std::size_t bytes_;
  std::size_t position_ = 0;
};

Result<Rows> ReadAll(std::unique_ptr<ByteSource> source) {
  CsvReader reader(std::move(source));
  Rows rows;
  for (;;) {
    ATTUNE_TRY(const auto row, reader.Next());
    if (row.empty()) return rows;
    rows.emplace_back(row.begin(), row.end());
  }
}

Result<Rows> Read(std::string_view text) { return ReadAll(std::make_unique<StringSource>(text)); }

std::string Gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST(CsvReader, ReadsPlainRowsWithEitherLineEnd) {
  EXPECT_EQ(*Read("a,b\nc,d\r\ne,f"), (Rows{{"a", "b"}, {"c", "d"}, {"e", "f"}}));
}

TEST(CsvReader, KeepsEmptyFieldsAndPassesOverEmptyLines) {
  EXPECT_EQ(*Read("a,,\n\n\r\n,,b\n"), (Rows{{"a", "", ""}, {"", "", "b"}}));
  EXPECT_EQ(*Read("a,"), (Rows{{"a", ""}}));
  EXPECT_EQ(*Read(""), Rows());
}

TEST(CsvReader, QuotesHoldCommasAndNewlines) {
  EXPECT_EQ(*Read("\"a,b\",\"c\nd\",e\n\"\",\"x\"\r\n"), (Rows{{"a,b", "c\nd", "e"}, {"", "x"}}));
}

TEST(CsvReader, AQuoteWithinQuotesIsDoubledOrEscaped) {
  EXPECT_EQ(*Read(R"("say ""hi""","say \"hi\"","a\\b","a\b")"
                  "\n"),
            (Rows{{R"(say "hi")", R"(say "hi")", R"(a\b)", R"(a\b)"}}));
}

TEST(CsvReader, ANewlineAfterADoubledQuoteIsWithinTheField) {
  EXPECT_EQ(*Read("\"he said \"\"hi\nthere\"\" ok\",x\ny,z\n"), (Rows{{"he said \"hi\nthere\" ok", "x"}, {"y", "z"}}));
}

TEST(CsvReader, AQuoteWithinAnUnquotedFieldIsACharacter) {
  EXPECT_EQ(*Read("5\" disk,a\\b\nx,y\n"), (Rows{{"5\" disk", "a\\b"}, {"x", "y"}}));
}

TEST(CsvReader, PassesOverAByteOrderMark) {
  EXPECT_EQ(*Read("\xef\xbb\xbf"
                  "a,b\n"),
            (Rows{{"a", "b"}}));
  EXPECT_EQ(*Read("\xef\xbb\xbf\"a\",b\n"), (Rows{{"a", "b"}}));
}

TEST(CsvReader, SaysOnWhichLineARowBegins) {
  CsvReader reader(std::make_unique<StringSource>("a\n\"b\nb\"\n\nc\n"));
  std::vector<std::uint64_t> lines;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(reader.Next().ok());
    lines.push_back(reader.line());
  }

  EXPECT_THAT(lines, ElementsAre(1, 2, 5));
}

TEST(CsvReader, RefusesAQuoteThatIsNeverClosed) {
  EXPECT_EQ(Read("a,b\nc,\"d\n").status().message(), "the quote in the row at line 2 is not closed");
  EXPECT_FALSE(Read("\"").ok());
  EXPECT_FALSE(Read("\"a\\").ok());
}

TEST(CsvReader, RefusesTextAfterAClosingQuote) {
  EXPECT_EQ(Read("a\n\"b\"c\n").status().message(), "line 2: after a closing quote there must be a comma");
}

TEST(CsvReader, ARowHasALimitOfBytes) {
  // The row may not fill what is read at once beyond the limit.
  const std::string longest(CsvReader::kRowBytesMax - 2, 'x');
  EXPECT_TRUE(Read(longest + ",y\n").ok());

  const auto quoted = Read("\"" + std::string(CsvReader::kRowBytesMax * 2, 'x'));
  EXPECT_THAT(quoted.status().message(), HasSubstr("the row at line 1 is longer than 4194304 bytes"));
}

TEST(CsvReader, ARowHasALimitOfFields) {
  EXPECT_TRUE(Read(std::string(CsvReader::kFieldsMax - 1, ',') + "\n").ok());
  EXPECT_EQ(Read(std::string(CsvReader::kFieldsMax, ',') + "\n").status().message(),
            "line 1 has more than 4096 fields");
}

TEST(CsvReader, GivesTheSameWhereverTheInputIsTorn) {
  Random random(11);
  constexpr std::string_view kAlphabet = "ab,,\"\"\\\n\r";
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    for (std::uint64_t i = random.Below(24); i > 0; --i) text.push_back(kAlphabet[random.Below(kAlphabet.size())]);

    const auto whole = Read(text);

    for (const std::size_t bytes : {1, 2, 3}) {
      const auto torn = ReadAll(std::make_unique<DribblingSource>(text, bytes));
      ASSERT_EQ(torn.ok(), whole.ok()) << text;
      if (whole.ok()) {
        ASSERT_EQ(*torn, *whole) << text;
      } else {
        ASSERT_EQ(torn.status(), whole.status()) << text;
      }
    }
  }
}

TEST(MaybeUnpack, UnpacksGzipOfSeveralMembersAndLeavesOtherBytesAlone) {
  const std::string packed = Gzip("a,b\n") + Gzip("c,d\n");

  EXPECT_EQ(*ReadAll(MaybeUnpack(std::make_unique<StringSource>(packed))), (Rows{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(*ReadAll(MaybeUnpack(std::make_unique<DribblingSource>(packed, 1))), (Rows{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(*ReadAll(MaybeUnpack(std::make_unique<StringSource>("a,b\n"))), (Rows{{"a", "b"}}));
  EXPECT_EQ(*ReadAll(MaybeUnpack(std::make_unique<StringSource>(""))), Rows());
}

TEST(MaybeUnpack, RefusesATornOrBrokenArchive) {
  const std::string packed = Gzip("a,b\nc,d\n");
  std::string broken = packed;
  broken[12] = static_cast<char>(broken[12] ^ 0x55);

  const auto torn = ReadAll(MaybeUnpack(std::make_unique<StringSource>(std::string_view(packed).substr(0, 14))));

  EXPECT_THAT(torn.status().message(), HasSubstr("is torn: it ends after 14 bytes"));
  EXPECT_FALSE(ReadAll(MaybeUnpack(std::make_unique<StringSource>(broken))).ok());
}

TEST(MaybeUnpack, RefusesAnArchiveThatUnpacksToFarMoreThanItsSize) {
  const std::string bomb = Gzip(std::string(kUnpackedBytesFree + (std::size_t{4} << 20), '\n'));
  ASSERT_GT(kUnpackedBytesFree / kUnpackedRatioMax, bomb.size());

  const auto rows = ReadAll(MaybeUnpack(std::make_unique<StringSource>(bomb)));

  EXPECT_EQ(rows.status(), InvalidArgument("the gzip archive unpacks to more than 200 times its size"));
}

TEST(MaybeUnpack, TakesWhatPacksWellWhileItIsSmall) {
  const std::string packed = Gzip(std::string(std::size_t{1} << 20, '\n') + "a\n");

  EXPECT_EQ(*ReadAll(MaybeUnpack(std::make_unique<StringSource>(packed))), (Rows{{"a"}}));
}

}  // namespace
}  // namespace attune
