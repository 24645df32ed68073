#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "base/hash.h"
#include "server/http_server.h"
#include "storage/curl_transport.h"
#include "storage/fake_s3.h"
#include "storage/memory_env.h"
#include "storage/object_store_world.h"
#include "storage/s3_object_store.h"

namespace attune {
namespace {

/// Gives a part of a body, then breaks the connection.
class BrokenSource final : public BodySource {
 public:
  explicit BrokenSource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> Read(std::span<std::byte> buffer) override {
    if (bytes_.empty()) return IoError("broken on purpose");
    const std::size_t size = std::min(buffer.size(), bytes_.size());
    std::memcpy(buffer.data(), bytes_.data(), size);
    bytes_.erase(0, size);
    return size;
  }

 private:
  std::string bytes_;
};

/// FakeS3 behind HTTP: one request at a time.
class StoreHandler final : public HttpHandler {
 public:
  explicit StoreHandler(FakeS3& s3) : s3_(s3) {}

  /// The next `count` bodies of more than 100 bytes break off in the middle.
  void BreakBodies(int count) { bodies_to_break_ = count; }

  std::unique_ptr<HttpExchange> Begin(HttpRequestHead head) override {
    return std::make_unique<Exchange>(*this, std::move(head));
  }

 private:
  class Exchange final : public HttpExchange {
   public:
    Exchange(StoreHandler& handler, HttpRequestHead head) : handler_(handler), head_(std::move(head)) {}

    std::uint64_t body_bytes_max() const override { return std::uint64_t{1} << 30; }
    Status OnBody(std::span<const std::byte> part) override {
      body_.append(reinterpret_cast<const char*>(part.data()), part.size());
      return {};
    }
    HttpResponse Finish() override { return handler_.Answer(head_, body_); }

   private:
    StoreHandler& handler_;
    const HttpRequestHead head_;
    std::string body_;
  };

  HttpResponse Answer(const HttpRequestHead& head, const std::string& body) {
    MutexLock lock(mutex_);
    HttpCall call{.method = head.method,
                  .path = std::string(head.path()),
                  .query = std::string(head.query()),
                  .headers = {},
                  .body = body};
    for (const auto& [name, value] : head.headers.fields()) call.headers.emplace_back(name, value);
    HttpReply reply = s3_.Send(call, std::uint64_t{1} << 30);
    HttpResponse response;
    response.status = reply.status;
    for (auto& [name, value] : reply.headers) {
      if (name == "content-length") {
        response.announced_bytes = std::stoull(value);
      } else {
        response.headers.Add(name, value);
      }
    }
    if (reply.body.size() > 100 && bodies_to_break_ > 0) {
      --bodies_to_break_;
      response.source_bytes = reply.body.size();
      response.source = std::make_unique<BrokenSource>(reply.body.substr(0, reply.body.size() / 2));
    } else {
      response.body = std::move(reply.body);
    }
    return response;
  }

  Mutex mutex_;
  FakeS3& s3_;
  std::atomic<int> bodies_to_break_ = 0;
};

class ExternalStore : public testing::Test {
 protected:
  ExternalStore() : world_(env_), s3_(*world_.store), handler_(s3_) {}

  void SetUp() override {
    auto server = HttpServer::Start(handler_, clock_, metrics_, {});
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    server_ = *std::move(server);
    host_ = fmt::format("127.0.0.1:{}", server_->port());
    Connect();
    ASSERT_TRUE(store_->CreateBucket("b", "eu-west-1").ok());
  }

  void Connect() {
    auto transport = CurlTransport::Open({.endpoint = "http://" + host_, .authorities_file = ""});
    ASSERT_TRUE(transport.ok());
    transport_ = *std::move(transport);
    client_ = std::make_unique<S3Client>(
        *transport_, clock_, world_.entropy, [this](std::chrono::milliseconds) { ++pauses_; },
        S3Client::Options{.host = host_,
                          .region = "eu-west-1",
                          .credentials = {.access_key_id = "key", .secret_access_key = "secret"}});
    store_ = std::make_unique<S3ObjectStore>(*client_);
  }

  MemoryEnv env_;
  ObjectStoreWorld world_;
  FakeS3 s3_;
  StoreHandler handler_;
  SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<HttpServer> server_;
  std::string host_;
  std::atomic<int> pauses_ = 0;
  std::unique_ptr<CurlTransport> transport_;
  std::unique_ptr<S3Client> client_;
  std::unique_ptr<S3ObjectStore> store_;
};

TEST_F(ExternalStore, CarriesObjectsOfAllSizesAndKeysBothWays) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{100'000}, std::size_t{S3ObjectStore::kWriteBytes + 7}}) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 17 >> 3);
    const std::string key = fmt::format("../a b/\xc3\xa4+%/{}", size);

    const auto put = store_->PutObject("b", key, content,
                                       {.content_type = "text/csv", .headers = {}, .metadata = {{"owner", "me"}}});
    ASSERT_TRUE(put.ok()) << put.status().ToString();
    const auto got = store_->ReadObject("b", key);
    ASSERT_TRUE(got.ok()) << got.status().ToString();
    EXPECT_TRUE(*got == content) << size;
    const auto info = store_->FindObject("b", key);
    ASSERT_TRUE(info.ok()) << info.status().ToString();
    EXPECT_EQ(info->size, size);
    EXPECT_EQ(info->attributes.content_type, "text/csv");
    EXPECT_EQ(info->attributes.metadata.at("owner"), "me");
  }
  EXPECT_EQ(store_->ListObjects("b", {})->objects.size(), 4u);
  EXPECT_EQ(pauses_, 0);
}

TEST_F(ExternalStore, TellsErrorsApart) {
  EXPECT_EQ(store_->FindObject("b", "missing").status().code(), Code::kNotFound);
  EXPECT_EQ(store_->CreateBucket("b", "eu-west-1").code(), Code::kAlreadyExists);
  ASSERT_TRUE(store_->PutObject("b", "k", "x").ok());
  EXPECT_EQ(store_->DeleteBucket("b").code(), Code::kBusy);
  EXPECT_EQ(pauses_, 0);
}

TEST_F(ExternalStore, GoesOnWhereAReplyBrokeOff) {
  const std::string content(3'000'000, 'x');
  ASSERT_TRUE(store_->PutObject("b", "k", content).ok());
  handler_.BreakBodies(3);

  const auto got = store_->ReadObject("b", "k");

  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_TRUE(*got == content);
}

TEST_F(ExternalStore, GivesUpOnAServerThatIsNotThere) {
  server_->Stop();

  const Status status = store_->FindObject("b", "k").status();

  EXPECT_EQ(status.code(), Code::kIo) << status.ToString();
  EXPECT_EQ(pauses_, 5);
}

TEST_F(ExternalStore, ServesManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 20; ++i) {
        const std::string key = fmt::format("{}/{}", thread, i);
        ASSERT_TRUE(store_->PutObject("b", key, key).ok());
        const auto got = store_->ReadObject("b", key);
        ASSERT_TRUE(got.ok()) << got.status().ToString();
        EXPECT_EQ(*got, key);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(CurlTransport, RefusesAnEndpointWithoutAScheme) {
  EXPECT_EQ(CurlTransport::Open({.endpoint = "localhost:9000", .authorities_file = ""}).status().code(),
            Code::kInvalidArgument);
}

}  // namespace
}  // namespace attune
