#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>

namespace attune {
namespace {

TEST(ThreadPool, CallsEveryBodyOnce) {
  ThreadPool pool(3, 16);
  std::vector<std::atomic<int>> calls(1000);
  pool.ParallelFor(calls.size(), [&](std::size_t i) { ++calls[i]; });
  for (const auto& count : calls) EXPECT_EQ(count, 1);
}

TEST(ThreadPool, MayRunInTheBackground) {
  const auto niceness = [](ThreadPriority priority) {
    std::promise<int> answer;
    ThreadPool pool(1, 1, priority);
    EXPECT_TRUE(
        pool.Submit([&] { answer.set_value(getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)))); }).ok());
    return answer.get_future().get();
  };
  const int before = niceness(ThreadPriority::kNormal);
  EXPECT_EQ(niceness(ThreadPriority::kBackground), std::max(before, 10));
  EXPECT_EQ(niceness(ThreadPriority::kNormal), before) << "it is the thread's alone";
}

TEST(ThreadPool, RefusesTheTaskAboveItsQueueLimit) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  ThreadPool pool(1, 2);
  std::promise<void> started;
  ASSERT_TRUE(pool.Submit([&] {
                    started.set_value();
                    released.wait();
                  })
                  .ok());
  started.get_future().wait();
  EXPECT_TRUE(pool.Submit([] {}).ok());
  EXPECT_TRUE(pool.Submit([] {}).ok());
  EXPECT_EQ(pool.Submit([] {}).code(), Code::kResourceExhausted);
  release.set_value();
}

TEST(ThreadPool, FinishesWhatIsQueuedBeforeItGoes) {
  std::atomic<int> done{0};
  {
    ThreadPool pool(2, 100);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.Submit([&] { ++done; }).ok());
  }
  EXPECT_EQ(done, 50);
}

}  // namespace
}  // namespace attune
