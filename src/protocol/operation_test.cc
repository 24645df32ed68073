#include "protocol/operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/generated/personalize.h"
#include "protocol/generated/personalize_events.h"
#include "protocol/generated/personalize_runtime.h"

namespace attune {
namespace {

using personalize::CreateDatasetGroupRequest;
using personalize::CreateDatasetGroupResponse;
using personalize::DeleteSchemaRequest;

struct FakeContext {
  std::string seen;
};

Result<CreateDatasetGroupResponse> CreateDatasetGroup(FakeContext& context, const CreateDatasetGroupRequest& request) {
  context.seen = request.name;
  if (request.name == "taken") return AlreadyExists("taken");
  return CreateDatasetGroupResponse{.dataset_group_arn = "arn:" + request.name, .domain = request.domain};
}

Status DeleteSchema(FakeContext& context, const DeleteSchemaRequest& request) {
  context.seen = request.schema_arn;
  return {};
}

AwsError MapError(const Status& status) { return {aws_error::kResourceAlreadyExistsException, status.message()}; }

TEST(Operation, DecodesRunsAndEncodes) {
  FakeContext context;

  const auto reply = Bind("CreateDatasetGroup", &CreateDatasetGroup).run(context, R"({"name":"dsg1"})", MapError);

  EXPECT_FALSE(reply.error);
  EXPECT_EQ(reply.body, R"({"datasetGroupArn":"arn:dsg1"})");
  EXPECT_EQ(context.seen, "dsg1");
}

TEST(Operation, GivesAnEmptyBodyWhereTheModelHasNoOutput) {
  FakeContext context;

  const auto reply = Bind("DeleteSchema", &DeleteSchema)
                         .run(context, R"({"schemaArn":"arn:aws:personalize:us-east-1:1:schema/s"})", MapError);

  EXPECT_FALSE(reply.error);
  EXPECT_EQ(reply.body, "");
}

TEST(Operation, MapsAHandlersErrorByTheMapperGiven) {
  FakeContext context;

  const auto reply = Bind("CreateDatasetGroup", &CreateDatasetGroup).run(context, R"({"name":"taken"})", MapError);

  ASSERT_TRUE(reply.error);
  EXPECT_EQ(reply.error->code(), "ResourceAlreadyExistsException");
}

TEST(Operation, DoesNotCallTheHandlerForARequestThatBreaksAConstraint) {
  FakeContext context;

  const auto reply = Bind("CreateDatasetGroup", &CreateDatasetGroup).run(context, R"({"name":"a b"})", MapError);

  ASSERT_TRUE(reply.error);
  EXPECT_EQ(reply.error->message,
            "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: ^[a-zA-Z0-9][a-zA-Z0-9\\-_]*");
  EXPECT_EQ(context.seen, "");
}

TEST(Services, DescribeAll79Operations) {
  EXPECT_EQ(personalize::Service().operations.size(), 71u);
  EXPECT_EQ(personalize_runtime::Service().operations.size(), 3u);
  EXPECT_EQ(personalize_events::Service().operations.size(), 5u);
}

TEST(Services, FindOperationsByNameAndPath) {
  EXPECT_EQ(personalize::Service().FindByName("ListFilters")->errors.size(), 2u);
  EXPECT_EQ(personalize::Service().FindByName("listFilters"), nullptr);
  EXPECT_EQ(personalize_events::Service().FindByPath("/action-interactions")->name, "PutActionInteractions");
  EXPECT_EQ(personalize_events::Service().FindByPath("/recommendations"), nullptr);
}

}  // namespace
}  // namespace attune
