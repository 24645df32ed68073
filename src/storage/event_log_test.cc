#include "storage/event_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "base/random.h"
#include "storage/memory_env.h"

namespace attune {
namespace {

using Payloads = std::vector<std::string>;

/// A log that can be closed, cut off and opened again.
class LogFixture : public testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    auto store = KeyValueStore::Open(env_, "/log");
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    store_ = *std::move(store);
    auto log = EventLog::Open(*store_);
    ASSERT_TRUE(log.ok()) << log.status().ToString();
    log_ = *std::move(log);
  }
  void Close() {
    log_.reset();
    store_.reset();
  }

  std::uint64_t Append(std::string_view stream, const Payloads& payloads) {
    const auto first = log_->Append(stream, payloads);
    EXPECT_TRUE(first.ok()) << first.status().ToString();
    return first.ok() ? *first : 0;
  }

  /// "1:a 2:b " for the payloads a and b.
  std::string Text(std::string_view stream, std::uint64_t from = 0) {
    std::string text;
    const Status status = log_->Read(stream, from, [&](std::uint64_t sequence, std::string_view payload) {
      text += std::to_string(sequence) + ":" + std::string(payload) + " ";
      return Status();
    });
    return status.ok() ? text : status.ToString();
  }

  MemoryEnv env_;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<EventLog> log_;
};

using EventLogTest = LogFixture;

TEST_F(EventLogTest, GivesSequencesFromOneOverAllStreamsTogether) {
  EXPECT_EQ(log_->LastSequence(), 0u);
  EXPECT_EQ(Append("a", {"x", "y"}), 1u);
  EXPECT_EQ(Append("b", {"z"}), 3u);
  EXPECT_EQ(Append("a", {"w"}), 4u);

  EXPECT_EQ(log_->LastSequence(), 4u);
  EXPECT_EQ(Text("a"), "1:x 2:y 4:w ");
  EXPECT_EQ(Text("b"), "3:z ");
  EXPECT_EQ(Text("c"), "");
}

TEST_F(EventLogTest, ReadsFromASequenceOn) {
  Append("a", {"x", "y", "z"});

  EXPECT_EQ(Text("a", 2), "2:y 3:z ");
  EXPECT_EQ(Text("a", 4), "");
}

TEST_F(EventLogTest, StopsWhenTheVisitorSaysSo) {
  Append("a", {"x", "y", "z"});
  int visited = 0;

  const Status status = log_->Read("a", 0, [&](std::uint64_t sequence, std::string_view) {
    ++visited;
    return sequence == 2 ? Cancelled("enough") : Status();
  });

  EXPECT_EQ(status.code(), Code::kCancelled);
  EXPECT_EQ(visited, 2);
}

TEST_F(EventLogTest, KeepsStreamsApartWhoseNamesBeginAlike) {
  const std::string zero("a\0", 2);
  Append("a", {"1"});
  Append("ab", {"2"});
  Append(zero, {"3"});
  Append("", {"4"});

  EXPECT_EQ(Text("a"), "1:1 ");
  EXPECT_EQ(Text("ab"), "2:2 ");
  EXPECT_EQ(Text(zero), "3:3 ");
  EXPECT_EQ(Text(""), "4:4 ");
}

TEST_F(EventLogTest, KeepsOrderPastOneByteOfSequence) {
  for (int i = 0; i < 300; ++i) Append("a", {"x"});

  std::uint64_t expected = 1;
  ASSERT_TRUE(log_->Read("a", 0,
                         [&](std::uint64_t sequence, std::string_view) {
                           EXPECT_EQ(sequence, expected++);
                           return Status();
                         })
                  .ok());
  EXPECT_EQ(expected, 301u);
}

TEST_F(EventLogTest, DropsOneStreamOnly) {
  Append("a", {"x"});
  Append("b", {"y"});

  ASSERT_TRUE(log_->DropStream("a").ok());
  ASSERT_TRUE(log_->DropStream("a").ok());

  EXPECT_EQ(Text("a"), "");
  EXPECT_EQ(Text("b"), "2:y ");
}

TEST_F(EventLogTest, NamesEveryStreamThatHoldsAPayload) {
  EXPECT_TRUE(log_->Streams()->empty());
  for (const char* stream : {"ab", "a", "b", "gone"}) Append(stream, {"x", "y"});
  ASSERT_TRUE(log_->DropStream("gone").ok());
  EXPECT_EQ(*log_->Streams(), (std::vector<std::string>{"a", "b", "ab"}));  // By length, then by bytes.
}

TEST_F(EventLogTest, NeverGivesASequenceTwiceEvenAfterDropAndRestart) {
  Append("a", {"x", "y"});
  ASSERT_TRUE(log_->DropStream("a").ok());
  Close();
  Open();

  EXPECT_EQ(log_->LastSequence(), 2u);
  EXPECT_EQ(Append("a", {"z"}), 3u);
}

TEST_F(EventLogTest, SurvivesAPowerCut) {
  Append("a", {"x"});
  ASSERT_TRUE(log_->DropStream("a").ok());
  Append("a", {"y"});

  env_.Crash();
  Close();
  Open();

  EXPECT_EQ(Text("a"), "2:y ");
}

TEST_F(EventLogTest, RefusesWhatIsBeyondItsLimits) {
  const std::string longest_name(EventLog::kStreamBytesMax, 'n');
  const std::string largest_payload(EventLog::kPayloadBytesMax, 'p');
  const auto code = [&](std::string_view stream, const Payloads& payloads) {
    return log_->Append(stream, payloads).status().code();
  };

  EXPECT_EQ(code("a", {}), Code::kInvalidArgument);
  EXPECT_EQ(code(longest_name, {"x"}), Code::kOk);
  EXPECT_EQ(code(longest_name + "n", {"x"}), Code::kInvalidArgument);
  EXPECT_EQ(code("a", {largest_payload}), Code::kOk);
  EXPECT_EQ(code("a", {"x", largest_payload + "p"}), Code::kInvalidArgument);
  EXPECT_EQ(log_->LastSequence(), 2u);
}

TEST_F(EventLogTest, KeepsPayloadsOfAnyBytes) {
  const std::string bytes("\0\xff\n", 3);
  Append("a", {"", bytes});

  EXPECT_EQ(Text("a"), "1: 2:" + bytes + " ");
}

TEST_F(EventLogTest, SaysCorruptWhenAPayloadIsNotWhatWasAppended) {
  Append("a", {"payload"});
  auto entries = *store_->Scan(KeySpace::kEvents, "p", "", 10);
  ASSERT_EQ(entries.size(), 1u);
  entries[0].second.back() = 'D';
  ASSERT_TRUE(store_->Put(KeySpace::kEvents, entries[0].first, entries[0].second).ok());

  const Status status = log_->Read("a", 0, [](std::uint64_t, std::string_view) { return Status(); });

  EXPECT_EQ(status, Corrupt("event log: the checksum of payload 1 of stream a does not match"));
}

TEST_F(EventLogTest, TellsAboutHowMuchAStreamTakes) {
  EXPECT_EQ(log_->BytesUsed("a"), 0u);
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    std::string payload(1000, '\0');
    for (char& c : payload) c = static_cast<char>(random.Next());
    Append("a", {payload});
  }
  // What is still in the write buffer is estimated from a sample; sorted files are known to the block.
  ASSERT_TRUE(store_->Close().ok());
  Close();
  Open();

  EXPECT_GT(log_->BytesUsed("a"), 80'000u);
  EXPECT_LT(log_->BytesUsed("a"), 120'000u);
  EXPECT_EQ(log_->BytesUsed("b"), 0u);
}

TEST_F(EventLogTest, DoesNotGiveTheSequencesOfAFailedAppendAgain) {
  Append("a", {"x"});
  env_.FailEveryCall(Fault::kFailedSync);
  EXPECT_EQ(log_->Append("a", Payloads{"lost"}).status().code(), Code::kIo);
  EXPECT_EQ(log_->LastSequence(), 1u);
  env_.FailEveryCall(std::nullopt);

  EXPECT_EQ(Append("a", {"y"}), 3u);
  EXPECT_EQ(Text("a"), "1:x 3:y ");
}

TEST_F(EventLogTest, KeepsBatchesWholeAndInOrderWhenManyAppendAtOnce) {
  constexpr int kWriters = 8;
  constexpr int kBatches = 50;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const std::string stream = writer % 2 == 0 ? "even" : "odd";
      for (int i = 0; i < kBatches; ++i) {
        const std::string text = std::to_string(writer) + "." + std::to_string(i);
        const auto first = log_->Append(stream, Payloads{text + "a", text + "b"});
        ASSERT_TRUE(first.ok());
        // What was acknowledged can be read at once.
        ASSERT_GE(log_->LastSequence(), *first + 1);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();

  EXPECT_EQ(log_->LastSequence(), 2u * kWriters * kBatches);
  for (const char* const stream : {"even", "odd"}) {
    std::string open_batch;
    int count = 0;
    ASSERT_TRUE(log_->Read(stream, 0,
                           [&](std::uint64_t, std::string_view payload) {
                             const std::string batch(payload.substr(0, payload.size() - 1));
                             EXPECT_EQ(payload.back(), open_batch.empty() ? 'a' : 'b');
                             if (!open_batch.empty()) {
                               EXPECT_EQ(batch, open_batch);
                             }
                             open_batch = open_batch.empty() ? batch : "";
                             ++count;
                             return Status();
                           })
                    .ok());
    EXPECT_EQ(count, kWriters * kBatches);
  }
}

TEST_F(EventLogTest, NeverShowsAGapThatIsFilledLater) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) ASSERT_TRUE(log_->Append("a", Payloads{"x"}).ok());
    });
  }
  std::thread reader([&] {
    while (!stop) {
      std::uint64_t expected = 1;
      ASSERT_TRUE(log_->Read("a", 0,
                             [&](std::uint64_t sequence, std::string_view) {
                               EXPECT_EQ(sequence, expected++);
                               return Status();
                             })
                      .ok());
    }
  });
  for (std::thread& writer : writers) writer.join();
  stop = true;
  reader.join();
}

/// Every single fault at every changing call: what was acknowledged is there, in order, once; batches are whole.
TEST(EventLogFaults, NeverAcknowledgeAndLose) {
  for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kShortWrite, Fault::kFailedSync}) {
    for (std::uint64_t call = 0;; ++call) {
      MemoryEnv env(call);
      env.FailCall(call, fault);
      std::vector<std::uint64_t> acknowledged;
      {
        auto store = KeyValueStore::Open(env, "/log");
        if (store.ok()) {
          const auto log = EventLog::Open(**store);
          ASSERT_TRUE(log.ok());
          for (int i = 0; i < 10; ++i) {
            const auto first = (*log)->Append("a", Payloads{"x", "y"});
            if (first.ok()) acknowledged.push_back(*first);
          }
        }
        env.Crash();
      }
      const bool reached = env.call_count() > call;

      auto store = KeyValueStore::Open(env, "/log");
      ASSERT_TRUE(store.ok()) << store.status().ToString() << " after a fault in call " << call;
      const auto log = EventLog::Open(**store);
      ASSERT_TRUE(log.ok());
      std::vector<std::uint64_t> found;
      ASSERT_TRUE((*log)
                      ->Read("a", 0,
                             [&](std::uint64_t sequence, std::string_view payload) {
                               if (payload == "x")
                                 found.push_back(sequence);
                               else
                                 EXPECT_EQ(sequence, found.back() + 1);
                               return Status();
                             })
                      .ok());
      // An append that was refused may yet be there; none that was acknowledged may be missing.
      for (const std::uint64_t sequence : acknowledged) {
        ASSERT_TRUE(std::find(found.begin(), found.end(), sequence) != found.end())
            << "sequence " << sequence << " is lost after a fault in call " << call;
      }
      ASSERT_TRUE(std::is_sorted(found.begin(), found.end()));
      const auto next = (*log)->Append("a", Payloads{"z"});
      ASSERT_TRUE(next.ok());
      if (!found.empty()) {
        ASSERT_GT(*next, found.back() + 1);
      }
      if (!reached) break;
    }
  }
}

}  // namespace
}  // namespace attune
