#include "cli/option_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "cli/serve_options.h"

namespace attune {
namespace {

using ::testing::HasSubstr;

class ServeOptionsTest : public ::testing::Test {
 protected:
  Status Parse(std::vector<std::string> arguments) {
    OptionTable table = ServeOptionTable(&options_);
    const OptionSources sources{.environment = [this](const std::string& name) -> std::optional<std::string> {
                                  const auto found = environment_.find(name);
                                  if (found == environment_.end()) return std::nullopt;
                                  return found->second;
                                },
                                .read_file = [this](const std::string& path) -> Result<std::string> {
                                  if (path != "attune.conf") return NotFound(path + " is not there");
                                  return config_;
                                }};
    const auto outcome = table.Parse(arguments, sources);
    return outcome.ok() ? FinishServeOptions(&options_) : outcome.status();
  }

  ServeOptions options_;
  std::map<std::string, std::string> environment_;
  std::string config_;
};

TEST_F(ServeOptionsTest, HasDefaults) {
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_EQ(options_.application.region, "us-east-1");
  EXPECT_EQ(options_.application.account_id, "123456789012");
  EXPECT_EQ(options_.application.http.address, "127.0.0.1");
  EXPECT_EQ(options_.application.http.port, 8080);
}

TEST_F(ServeOptionsTest, PutsFlagBeforeEnvironmentBeforeFile) {
  config_ = "# comment\nregion = eu-west-1\naccount-id=000000000001\n\n  data-dir  =  /a b \n";
  environment_ = {{"ATTUNE_CONFIG", "attune.conf"}, {"ATTUNE_REGION", "eu-west-2"}, {"ATTUNE_DATA_DIR", "/env"}};
  ASSERT_TRUE(Parse({"--region", "eu-west-3"}).ok());
  EXPECT_EQ(options_.application.region, "eu-west-3");
  EXPECT_EQ(options_.application.data_dir, "/env");
  EXPECT_EQ(options_.application.account_id, "000000000001");
}

TEST_F(ServeOptionsTest, TakesValuesAfterAnEqualsSign) {
  ASSERT_TRUE(Parse({"--listen=[::1]:0", "--http-threads=3"}).ok());
  EXPECT_EQ(options_.application.http.address, "::1");
  EXPECT_EQ(options_.application.http.port, 0);
  EXPECT_EQ(options_.application.http.thread_count, 3u);
}

TEST_F(ServeOptionsTest, SuggestsTheOptionThatWasMeant) {
  EXPECT_EQ(Parse({"--data-dri", "x"}).message(), "--data-dri is not an option; did you mean --data-dir?");
  EXPECT_EQ(Parse({"--completely-else"}).message(), "--completely-else is not an option; --help lists them");
  config_ = "\nregoin = x\n";
  EXPECT_EQ(Parse({"--config", "attune.conf"}).message(),
            "attune.conf line 2: 'regoin' is not an option; did you mean --region?");
}

TEST_F(ServeOptionsTest, SaysWhereAWrongValueStood) {
  EXPECT_THAT(Parse({"--http-threads", "many"}).message(), HasSubstr("--http-threads: 'many' is not a whole number"));
  environment_ = {{"ATTUNE_ACCOUNT_ID", "12"}};
  EXPECT_EQ(Parse({}).message(), "ATTUNE_ACCOUNT_ID: '12' is not an account id: 12 digits");
  environment_.clear();
  config_ = "region = US\n";
  EXPECT_THAT(Parse({"--config=attune.conf"}).message(), HasSubstr("attune.conf line 1: region: 'US' is not a region"));
}

TEST_F(ServeOptionsTest, RefusesWhatIsIncomplete) {
  EXPECT_EQ(Parse({"--region"}).message(), "--region needs a value after it");
  EXPECT_THAT(Parse({"region"}).message(), HasSubstr("options begin with --"));
  EXPECT_THAT(Parse({"--config", "none"}).message(), HasSubstr("none is not there"));
  EXPECT_THAT(Parse({"--listen", "8080"}).message(), HasSubstr("'8080' is not ADDRESS:PORT"));
  EXPECT_THAT(Parse({"--listen", "127.0.0.1:65536"}).message(), HasSubstr("is not ADDRESS:PORT"));
  EXPECT_THAT(Parse({"--listen", "::1:80"}).message(), HasSubstr("is not ADDRESS:PORT"));
}

TEST_F(ServeOptionsTest, WantsBothHalvesOfTheKey) {
  environment_ = {{"ATTUNE_ACCESS_KEY_ID", "abc"}};
  EXPECT_EQ(Parse({}).message(), "access-key-id is set and secret-access-key is not; set both or none");
  environment_["ATTUNE_SECRET_ACCESS_KEY"] = "0123456789abcde";
  EXPECT_EQ(Parse({}).message(), "the secret access key has 15 characters; it must have 16 to 1024");
  environment_["ATTUNE_SECRET_ACCESS_KEY"] = "0123456789abcdef";
  EXPECT_TRUE(Parse({}).ok());
}

TEST_F(ServeOptionsTest, TakesOriginsApart) {
  ASSERT_TRUE(Parse({"--cors-origins", "https://a.example,http://localhost:3000"}).ok());
  EXPECT_THAT(options_.application.router.cors_origins,
              ::testing::ElementsAre("https://a.example", "http://localhost:3000"));
  EXPECT_EQ(Parse({"--cors-origins", "shop.example"}).message(),
            "--cors-origins: 'shop.example' is not an origin, such as https://shop.example or *");
  EXPECT_FALSE(Parse({"--cors-origins", "https://a.example/"}).ok());
}

TEST_F(ServeOptionsTest, TakesDomainsApart) {
  ASSERT_TRUE(Parse({"--s3-domains", "s3.shop.example,localhost"}).ok());
  EXPECT_THAT(options_.application.s3_domains, ::testing::ElementsAre("s3.shop.example", "localhost"));
  for (const char* wrong : {".example", "s3.example.", "S3.example", "a,,b", "http://a"}) {
    EXPECT_FALSE(Parse({"--s3-domains", wrong}).ok()) << wrong;
  }
}

TEST_F(ServeOptionsTest, WantsBothHalvesOfTls) {
  EXPECT_EQ(Parse({"--tls-key", "k"}).message(), "tls-certificate and tls-key belong together; set both or none");
}

TEST_F(ServeOptionsTest, ListsEveryOptionWithItsDefault) {
  const std::string help = ServeOptionTable(&options_).Help();
  EXPECT_THAT(help, HasSubstr("--listen ADDRESS:PORT\n"));
  EXPECT_THAT(help, HasSubstr("[127.0.0.1:8080]"));
  EXPECT_THAT(help, HasSubstr("--http-header-bytes-max BYTES\n"));
  EXPECT_THAT(help, HasSubstr("[65536]"));
}

TEST(EditDistance, CountsExchangesOnce) {
  EXPECT_EQ(EditDistance("data-dir", "data-dri"), 1u);
  EXPECT_EQ(EditDistance("abc", "abc"), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace attune
