#!/usr/bin/env bash
# A short notebook through aws-cli: from an upload to recommendations that know the newest click. Credentials and region
# come from the environment; the endpoint too, but Debian's aws-cli does not read it by itself.
set -euo pipefail
name=cli-notebook
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

aws() { command "${AWS_PROGRAM:-aws}" --endpoint-url "$AWS_ENDPOINT_URL" --output text "$@"; }
personalize() { aws personalize "$@"; }

fail() {
  echo "$1" >&2
  exit 1
}

equal() { [ "$1" = "$2" ] || fail "'$1' is not '$2'"; }

refused() { # refused CODE COMMAND...: it fails, and says CODE.
  local code=$1
  shift
  if "$@" > "$folder/answer" 2> "$folder/error"; then fail "$* was not refused"; fi
  grep -q "($code)" "$folder/error" || fail "$* said $(cat "$folder/error")"
}

until_active() { # until_active KIND ARN
  local kind=$1 option member status
  option=--$kind-arn
  member=$(echo "$kind" | sed -E 's/-(.)/\U\1/g')
  while :; do
    status=$(personalize "describe-$kind" "$option" "$2" --query "$member.[status,failureReason]")
    case $status in
      ACTIVE*) return ;;
      *FAILED*) fail "$2: $status" ;;
    esac
  done
}

interactions() {
  awk -v start=$(($(date +%s) - 90000)) 'BEGIN {
    print "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"
    for (user = 0; user < 60; user++)
      for (event = 0; event < 25; event++)
        printf "u%d,i%d,%d,click\n", user, user % 5 + 5 * ((user * 7 + event * event) % 10), start + event * 60
  }'
}

equal "$(aws sts get-caller-identity --query Account)" 123456789012

# Objects
key='a b+ä.txt'
aws s3 mb "s3://$name"
printf hello > "$folder/hello"
aws s3api put-object --bucket $name --key "$key" --body "$folder/hello" --metadata k=v > "$folder/answer"
equal "$(aws s3api get-object --bucket $name --key "$key" "$folder/back" --query Metadata.k)" v
cmp "$folder/hello" "$folder/back"
aws s3api copy-object --bucket $name --key copy --copy-source "$name/$key" > "$folder/answer"
head -c 12582912 /dev/zero | aws s3 cp - "s3://$name/big"
equal "$(aws s3api list-objects-v2 --bucket $name --query 'Contents[].[Key,Size]' | tr '\t\n' '  ')" \
  "$key 5 big 12582912 copy 5 "
equal "$(aws s3api delete-objects --bucket $name --delete 'Objects=[{Key=big},{Key=copy}]' --query 'length(Deleted)')" 2
interactions | aws s3 cp - "s3://$name/data/interactions.csv"

# A role that may read them
role=$(aws iam create-role --role-name $name --query Role.Arn --assume-role-policy-document '{"Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}]}')
aws iam attach-role-policy --role-name $name --policy-arn arn:aws:iam::aws:policy/AmazonS3FullAccess

# Data
group=$(personalize create-dataset-group --name $name --query datasetGroupArn)
refused ResourceAlreadyExistsException personalize create-dataset-group --name $name
until_active dataset-group "$group"
schema=$(personalize create-schema --name $name --query schemaArn --schema '{"type": "record", "name": "Interactions",
  "namespace": "com.amazonaws.personalize.schema", "version": "1.0", "fields": [{"name": "USER_ID", "type": "string"},
  {"name": "ITEM_ID", "type": "string"}, {"name": "TIMESTAMP", "type": "long"}, {"name": "EVENT_TYPE", "type": "string"}]}')
dataset=$(personalize create-dataset --name $name --dataset-group-arn "$group" --dataset-type INTERACTIONS \
  --schema-arn "$schema" --query datasetArn)
import=$(personalize create-dataset-import-job --job-name $name --dataset-arn "$dataset" --role-arn "$role" \
  --data-source "dataLocation=s3://$name/data/" --query datasetImportJobArn)
until_active dataset-import-job "$import"
tracking=$(personalize create-event-tracker --name $name --dataset-group-arn "$group" --query trackingId)

# A campaign
solution=$(personalize create-solution --name $name --dataset-group-arn "$group" --query solutionArn \
  --recipe-arn arn:aws:personalize:::recipe/aws-user-personalization)
version=$(personalize create-solution-version --solution-arn "$solution" --query solutionVersionArn)
until_active solution-version "$version"
personalize get-solution-metrics --solution-version-arn "$version" --query metrics.coverage |
  awk '{ exit !($1 > 0) }' || fail "no coverage"
campaign=$(personalize create-campaign --name $name --solution-version-arn "$version" --query campaignArn \
  --campaign-config 'itemExplorationConfig={explorationWeight=0.3,explorationItemAgeCutOff=30}')
until_active campaign "$campaign"
equal "$(personalize describe-campaign --campaign-arn "$campaign" \
  --query campaign.campaignConfig.itemExplorationConfig.explorationWeight)" 0.3

# Recommendations
recommended() { aws personalize-runtime get-recommendations --campaign-arn "$campaign" "$@"; }
read -r count recommendation < <(recommended --user-id u1 --num-results 5 --query '[length(itemList), recommendationId]')
equal "$count" 5
aws personalize-events put-events --tracking-id "$tracking" --user-id somebody-new --session-id s --event-list "[{
  \"eventType\": \"click\", \"sentAt\": $(date +%s), \"itemId\": \"i7\", \"recommendationId\": \"$recommendation\",
  \"properties\": \"{\\\"place\\\": 1}\"}]"
clicked=$(recommended --user-id somebody-new --num-results 10 --query 'itemList[].itemId')
stranger=$(recommended --user-id nobody --num-results 10 --query 'itemList[].itemId')
[ "$clicked" != "$stranger" ] || fail "the click changed nothing"
refused ResourceNotFoundException aws personalize-events put-items --dataset-arn "${dataset/INTERACTIONS/ITEMS}" \
  --items itemId=i
refused ResourceInUseException personalize delete-solution --solution-arn "$solution"

# Pages
personalize create-dataset-group --name $name-2 > "$folder/answer"
equal "$(personalize list-dataset-groups --page-size 1 --query 'datasetGroups[].name' | sort | tr '\t\n' '  ')" \
  "$name $name-2 "
echo done
