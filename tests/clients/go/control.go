package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func shardIds(shards []types.Shard) []string {
	var ids []string
	for _, shard := range shards {
		ids = append(ids, *shard.ShardId)
	}
	return ids
}

func (s *Suite) pageListings() {
	step(13, "page through ListShards, DescribeStream and ListStreams")
	list := must(s.kinesis.ListShards(s.ctx, &kinesis.ListShardsInput{StreamName: s.name(), MaxResults: aws.Int32(1)}))
	equal(shardIds(list.Shards), s.shards[:1], "first page of ListShards")
	list = must(s.kinesis.ListShards(s.ctx, &kinesis.ListShardsInput{NextToken: list.NextToken}))
	equal(shardIds(list.Shards), s.shards[1:], "second page of ListShards")
	check(list.NextToken == nil, "the last page of ListShards has a token")

	input := &kinesis.DescribeStreamInput{StreamName: s.name(), Limit: aws.Int32(1)}
	description := must(s.kinesis.DescribeStream(s.ctx, input)).StreamDescription
	equal(shardIds(description.Shards), s.shards[:1], "first page of DescribeStream")
	equal(*description.HasMoreShards, true, "HasMoreShards of the first page")
	input.ExclusiveStartShardId = &s.shards[0]
	description = must(s.kinesis.DescribeStream(s.ctx, input)).StreamDescription
	equal(shardIds(description.Shards), s.shards[1:], "second page of DescribeStream")
	equal(*description.HasMoreShards, false, "HasMoreShards of the second page")
	s.pageStreams()
}

func (s *Suite) pageStreams() {
	second := s.stream + "-second"
	must(s.kinesis.CreateStream(s.ctx, &kinesis.CreateStreamInput{
		StreamName:        &second,
		StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand},
	}))
	s.waitUntilActive(second)
	var names []string
	pages := kinesis.NewListStreamsPaginator(s.kinesis, &kinesis.ListStreamsInput{Limit: aws.Int32(1)})
	for pages.HasMorePages() {
		output := must(pages.NextPage(s.ctx))
		equal(len(output.StreamNames), 1, "names in a page of one")
		names = append(names, output.StreamNames...)
	}
	ours := slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, s.stream) })
	equal(ours, []string{s.stream, second}, "ListStreams")
	input := &kinesis.ListStreamsInput{ExclusiveStartStreamName: s.name(), Limit: aws.Int32(1)}
	after := must(s.kinesis.ListStreams(s.ctx, input))
	equal(after.StreamNames, []string{second}, "ListStreams behind a name")
	equal(after.StreamSummaries[0].StreamModeDetails.StreamMode, types.StreamModeOnDemand, "mode in the listing")
	must(s.kinesis.DeleteStream(s.ctx, &kinesis.DeleteStreamInput{StreamName: &second}))
}

func (s *Suite) listTags(input kinesis.ListTagsForStreamInput) ([]string, bool) {
	input.StreamName = s.name()
	output := must(s.kinesis.ListTagsForStream(s.ctx, &input))
	tags := []string{}
	for _, tag := range output.Tags {
		tags = append(tags, *tag.Key+"="+*tag.Value)
	}
	return tags, *output.HasMoreTags
}

func (s *Suite) tags() {
	step(14, "add, page, change and remove tags")
	for _, tags := range []map[string]string{{"team": "water", "größe": "groß", "empty": ""}, {"team": "mill"}} {
		must(s.kinesis.AddTagsToStream(s.ctx, &kinesis.AddTagsToStreamInput{StreamName: s.name(), Tags: tags}))
	}
	first, more := s.listTags(kinesis.ListTagsForStreamInput{Limit: aws.Int32(1)})
	equal(fmt.Sprint(first, more), "[empty=] true", "first tag")
	rest, more := s.listTags(kinesis.ListTagsForStreamInput{ExclusiveStartTagKey: aws.String("empty")})
	equal(fmt.Sprint(rest, more), "[größe=groß team=mill] false", "the other tags")
	keys := []string{"größe", "empty"}
	must(s.kinesis.RemoveTagsFromStream(s.ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: s.name(), TagKeys: keys}))
	left, _ := s.listTags(kinesis.ListTagsForStreamInput{})
	equal(left, []string{"team=mill"}, "tags left")
}

func (s *Suite) retention() {
	step(15, "raise and lower the retention")
	raise := func(hours int32) error {
		input := &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: s.name(), RetentionPeriodHours: &hours}
		_, err := s.kinesis.IncreaseStreamRetentionPeriod(s.ctx, input)
		return err
	}
	lower := func(hours int32) error {
		input := &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: s.name(), RetentionPeriodHours: &hours}
		_, err := s.kinesis.DecreaseStreamRetentionPeriod(s.ctx, input)
		return err
	}
	hours := func() int32 {
		input := &kinesis.DescribeStreamSummaryInput{StreamName: s.name()}
		return *must(s.kinesis.DescribeStreamSummary(s.ctx, input)).StreamDescriptionSummary.RetentionPeriodHours
	}
	equal(raise(48), nil, "raising the retention")
	equal(hours(), int32(48), "raised retention")
	expectError[*types.InvalidArgumentException]("raising to less", raise(47))
	expectError[*types.InvalidArgumentException]("lowering to more", lower(49))
	expectError[*types.InvalidArgumentException]("lowering below a day", lower(23))
	equal(lower(24), nil, "lowering the retention")
	equal(hours(), int32(24), "lowered retention")
}

func (s *Suite) limits() {
	step(16, "describe the limits")
	limits := must(s.kinesis.DescribeLimits(s.ctx, &kinesis.DescribeLimitsInput{}))
	check(*limits.OpenShardCount >= 2, "open shards: %d", *limits.OpenShardCount)
	check(*limits.ShardLimit > *limits.OpenShardCount, "shard limit: %d", *limits.ShardLimit)
	check(*limits.OnDemandStreamCountLimit > 0, "on-demand limit: %d", *limits.OnDemandStreamCountLimit)
}

func (s *Suite) refusals() {
	step(17, "errors arrive as the classes that programs catch")
	missing, text := s.stream+"-missing", func(value string) *string { return &value }
	_, err := s.kinesis.DescribeStream(s.ctx, &kinesis.DescribeStreamInput{StreamName: &missing})
	expectError[*types.ResourceNotFoundException]("describe", err)
	put := func(input kinesis.PutRecordInput) error {
		input.Data = []byte("a")
		_, err := s.kinesis.PutRecord(s.ctx, &input)
		return err
	}
	err = put(kinesis.PutRecordInput{StreamName: &missing, PartitionKey: text("a")})
	expectError[*types.ResourceNotFoundException]("put", err)
	tooHigh := kinesis.PutRecordInput{StreamName: s.name(), PartitionKey: text("a"), ExplicitHashKey: text(hashSpace.String())}
	expectError[*types.InvalidArgumentException]("a hash key that is too high", put(tooHigh))
	longKey := kinesis.PutRecordInput{StreamName: s.name(), PartitionKey: text(strings.Repeat("k", 257))}
	expectCode("ValidationException", "a long partition key", put(longKey))
	s.refusedIterators()
	_, err = s.kinesis.GetRecords(s.ctx, &kinesis.GetRecordsInput{ShardIterator: text("no iterator")})
	expectError[*types.InvalidArgumentException]("an iterator that is none", err)
	if expired, given := s.expiredIterator(); given {
		_, err = s.kinesis.GetRecords(s.ctx, &kinesis.GetRecordsInput{ShardIterator: &expired})
		expectError[*types.ExpiredIteratorException]("an expired iterator", err)
	} else {
		fmt.Println("         (no EXPIRED_ITERATOR given: ExpiredIteratorException is not asked for)")
	}
}

func (s *Suite) refusedIterators() {
	ask := func(input kinesis.GetShardIteratorInput) error {
		input.StreamName = s.name()
		_, err := s.kinesis.GetShardIterator(s.ctx, &input)
		return err
	}
	err := ask(kinesis.GetShardIteratorInput{
		ShardId:                &s.shards[0],
		ShardIteratorType:      types.ShardIteratorTypeAtSequenceNumber,
		StartingSequenceNumber: aws.String("1234567890"),
	})
	expectError[*types.InvalidArgumentException]("a number that is none", err)
	err = ask(kinesis.GetShardIteratorInput{
		ShardId:           &s.shards[0],
		ShardIteratorType: types.ShardIteratorTypeAtTimestamp,
		Timestamp:         aws.Time(time.Now().Add(10 * time.Minute)),
	})
	expectError[*types.InvalidArgumentException]("a time to come", err)
	err = ask(kinesis.GetShardIteratorInput{
		ShardId:           aws.String("shardId-000000000007"),
		ShardIteratorType: types.ShardIteratorTypeLatest,
	})
	expectError[*types.ResourceNotFoundException]("a shard that is not there", err)
}
