#include "server/request_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

namespace attune {
namespace {

using Step = RequestParser::Step;

class Sink final : public HttpExchange {
 public:
  explicit Sink(std::uint64_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}
  std::uint64_t body_bytes_max() const override { return body_bytes_max_; }
  Status OnBody(std::span<const std::byte> part) override {
    body.append(reinterpret_cast<const char*>(part.data()), part.size());
    return refuse ? InvalidArgument("no more") : Status();
  }
  HttpResponse Finish() override { return {}; }

  std::string body;
  bool refuse = false;

 private:
  const std::uint64_t body_bytes_max_;
};

struct Outcome {
  Step step;
  int status;
  std::string body;
  std::string rest;
};

/// Feeds `text` in pieces of `piece` bytes, as sockets might.
Outcome Feed(std::string_view text, HttpLimits limits = {}, std::size_t piece = 1000, std::uint64_t body_max = 100) {
  RequestParser parser(limits);
  Sink sink(body_max);
  std::string held;
  std::size_t fed = 0;
  Step step = Step::kNeedMore;
  while (true) {
    std::size_t used = 0;
    step = parser.Put(held, &used);
    held.erase(0, used);
    const bool began = step == Step::kHead;
    if (began) step = parser.SetExchange(&sink);
    if (step == Step::kRefused || step == Step::kDone || step == Step::kBodyStopped) break;
    if (began) continue;
    if (fed == text.size()) break;
    held += text.substr(fed, piece);
    fed = std::min(text.size(), fed + piece);
  }
  return {step, step == Step::kRefused ? parser.refusal().status : 0, sink.body,
          held + std::string(text.substr(std::min(fed, text.size())))};
}

std::optional<std::string> TargetOf(std::string_view text) {
  const HttpLimits limits;
  RequestParser parser(limits);
  std::size_t used = 0;
  if (parser.Put(text, &used) != Step::kHead) return std::nullopt;
  return parser.TakeHead().target;
}

TEST(RequestParser, ReadsTheAbsoluteFormOfItsOwnHost) {
  const auto of = [](std::string_view target) {
    return TargetOf(fmt::format("GET {} HTTP/1.1\r\nHost: a.example:80\r\n\r\n", target));
  };
  EXPECT_EQ(of("http://a.example:80/b/k?x=1"), "/b/k?x=1");
  EXPECT_EQ(of("HTTPS://A.Example:80"), "/");
  EXPECT_EQ(of("http://a.example:80?x=1"), "/?x=1");
  EXPECT_EQ(of("/http://b.example/"), "/http://b.example/");
  EXPECT_EQ(of("http://a.example/"), std::nullopt) << "another port is another host";
  EXPECT_EQ(of("http://b.example:80/"), std::nullopt);
}

TEST(RequestParser, ExpectsNothingOfAnEmptyExpect) {
  EXPECT_EQ(TargetOf("GET /k HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n"), "/k");
  EXPECT_EQ(TargetOf("GET /k HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n"), std::nullopt);
}

class InPieces : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(RequestParser, InPieces, ::testing::Values(1, 2, 3, 7, 1000));

TEST_P(InPieces, ReadsABodyOfKnownLengthAndLeavesTheNextRequest) {
  const auto outcome = Feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /", {}, GetParam());
  EXPECT_EQ(outcome.step, Step::kDone);
  EXPECT_EQ(outcome.body, "hello");
  EXPECT_EQ(outcome.rest, "GET /");
}

TEST_P(InPieces, TakesChunksApart) {
  const auto outcome = Feed(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\nrest",
      {}, GetParam());
  EXPECT_EQ(outcome.step, Step::kDone);
  EXPECT_EQ(outcome.body, "abcde");
  EXPECT_EQ(outcome.rest, "rest");
}

TEST_P(InPieces, HoldsTheHeaderToItsBytes) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: yyyy\r\n\r\n";
  EXPECT_EQ(Feed(text, {.header_bytes_max = text.size()}, GetParam()).step, Step::kDone);
  EXPECT_EQ(Feed(text, {.header_bytes_max = text.size() - 1}, GetParam()).status, 431);
}

TEST_P(InPieces, HoldsTheTargetToItsBytes) {
  const std::string text = "GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(Feed(text, {.target_bytes_max = 10}, GetParam()).step, Step::kDone);
  EXPECT_EQ(Feed(text, {.target_bytes_max = 9}, GetParam()).status, 414);
}

TEST_P(InPieces, HoldsTheHeaderToItsCount) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nB: b\r\nC: c\r\n\r\n";
  EXPECT_EQ(Feed(text, {.header_count_max = 3}, GetParam()).step, Step::kDone);
  EXPECT_EQ(Feed(text, {.header_count_max = 2}, GetParam()).status, 431);
}

TEST_P(InPieces, HoldsBodiesToTheLimitOfTheirExchange) {
  const std::string plain = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  EXPECT_EQ(Feed(plain, {}, GetParam(), 5).step, Step::kDone);
  EXPECT_EQ(Feed(plain, {}, GetParam(), 4).status, 413);
  EXPECT_EQ(Feed(plain, {.body_bytes_max = 4}, GetParam(), 5).status, 413);
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  EXPECT_EQ(Feed(chunked, {}, GetParam(), 5).step, Step::kDone);
  EXPECT_EQ(Feed(chunked, {}, GetParam(), 4).status, 413);
}

TEST(RequestParser, RefusesATargetThatNeverEnds) {
  EXPECT_EQ(Feed("GET /" + std::string(200, 'x'), {.target_bytes_max = 100}, 1).status, 414);
  EXPECT_EQ(Feed("GET /" + std::string(200, 'x'), {.target_bytes_max = 100}).status, 414);
}

TEST_P(InPieces, DoesNotTakeALongHeaderForALongTarget) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(500, 'y') + "\r\n\r\n";
  EXPECT_EQ(Feed(text, {.target_bytes_max = 10}, GetParam()).step, Step::kDone);
}

TEST(RequestParser, RefusesAHeaderThatNeverEnds) {
  EXPECT_EQ(Feed("GET / HTTP/1.1\r\nX: " + std::string(200, 'x'), {.header_bytes_max = 100}, 1).status, 431);
}

TEST(RequestParser, RefusesWhatCouldHideARequestInABody) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(Feed(head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n").status, 400);
  EXPECT_EQ(Feed(head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n").status, 400);
  EXPECT_EQ(Feed(head + "Content-Length: -1\r\n\r\n").status, 400);
  EXPECT_EQ(Feed(head + "Content-Length: 99999999999999999999\r\n\r\n").status, 400);
  EXPECT_EQ(Feed(head + "Transfer-Encoding: gzip\r\n\r\n").status, 501);
  EXPECT_EQ(Feed(head + "Transfer-Encoding: gzip, chunked\r\n\r\n").status, 501);
  EXPECT_EQ(Feed(head + "Transfer-Encoding : chunked\r\n\r\n").status, 400);
  EXPECT_EQ(Feed(head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n").status, 400);
}

TEST_P(InPieces, HoldsTheMethodToItsBytes) {
  const std::string rest = " / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(Feed(std::string(32, 'M') + rest, {.target_bytes_max = 10}, GetParam()).step, Step::kDone);
  EXPECT_EQ(Feed(std::string(33, 'M') + rest, {.target_bytes_max = 10}, GetParam()).status, 400);
}

TEST(RequestParser, RefusesGarbage) {
  EXPECT_EQ(Feed(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(50, '\xee')).status,
            400);
  EXPECT_EQ(Feed("GET / HTTP/2.0\r\n\r\n").status, 400);
  EXPECT_EQ(Feed("GET  / HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(Feed("GET / HTTP/1.1\r\n\r\n").status, 400);  // No Host.
  EXPECT_EQ(Feed("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").status, 400);
  EXPECT_EQ(Feed("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n").status, 417);
}

TEST(RequestParser, StopsWhenTheExchangeWantsNoMore) {
  const HttpLimits limits;
  RequestParser parser(limits);
  Sink sink(100);
  sink.refuse = true;
  std::size_t used = 0;
  const std::string_view head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n";
  ASSERT_EQ(parser.Put(head, &used), Step::kHead);
  ASSERT_EQ(parser.SetExchange(&sink), Step::kNeedMore);

  EXPECT_EQ(parser.Put("some of it", &used), Step::kBodyStopped);
  EXPECT_FALSE(parser.complete());
}

TEST(RequestParser, KnowsWhatFollowsTheRequest) {
  const auto keeps_alive = [](std::string_view text) {
    const HttpLimits limits;
    RequestParser parser(limits);
    std::size_t used = 0;
    parser.Put(text, &used);
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps_alive("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps_alive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

}  // namespace
}  // namespace attune
