#include "server/connection_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace attune {
namespace {

using Admission = ConnectionRegistry::Admission;
using ::testing::HasSubstr;

TEST(ConnectionRegistry, RefusesBeyondItsLimitAndDropsBeyondThoseItCanTell) {
  ConnectionRegistry registry(HttpLimits{.connections_max = 2, .connections_per_peer_max = 5});
  HttpRefusal refusal;
  EXPECT_EQ(registry.Enter("a", &refusal), Admission::kWelcome);
  EXPECT_EQ(registry.Enter("b", &refusal), Admission::kWelcome);
  for (std::size_t i = 0; i < ConnectionRegistry::kRefusedMax; ++i) {
    ASSERT_EQ(registry.Enter("c", &refusal), Admission::kRefused) << i;
  }
  EXPECT_THAT(refusal.message, HasSubstr("http-connections-max, 2 connections"));
  EXPECT_EQ(registry.Enter("c", &refusal), Admission::kDropped);

  registry.Leave("c", Admission::kDropped);
  EXPECT_EQ(registry.Enter("c", &refusal), Admission::kDropped) << "it was not counted";
  registry.Leave("c", Admission::kRefused);
  EXPECT_EQ(registry.Enter("c", &refusal), Admission::kRefused);
  EXPECT_EQ(registry.Enter("c", &refusal), Admission::kDropped);
  registry.Leave("a", Admission::kWelcome);
  EXPECT_EQ(registry.Enter("c", &refusal), Admission::kWelcome) << "there is room again";
}

TEST(ConnectionRegistry, RefusesOnePeerWhoHasManyAndNobodyElse) {
  ConnectionRegistry registry(HttpLimits{.connections_max = 10, .connections_per_peer_max = 2});
  HttpRefusal refusal;
  EXPECT_EQ(registry.Enter("a", &refusal), Admission::kWelcome);
  EXPECT_EQ(registry.Enter("a", &refusal), Admission::kWelcome);
  EXPECT_EQ(registry.Enter("a", &refusal), Admission::kRefused);
  EXPECT_THAT(refusal.message, HasSubstr("2 connections from a"));
  EXPECT_EQ(registry.Enter("b", &refusal), Admission::kWelcome);
  registry.Leave("a", Admission::kWelcome);
  EXPECT_EQ(registry.Enter("a", &refusal), Admission::kWelcome);
}

}  // namespace
}  // namespace attune
