package main

import (
	"fmt"
	"math/big"
	"sort"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const reshardKeys = 50

// Steps 19 to 21: shards that are split, merged and rescaled with records in every generation, a reader that follows
// them, and consumers.
type Resharding struct {
	*Suite
	// How many records each key has; its next one has that number.
	numbers map[string]int
}

func (s *Suite) reshard() {
	r := &Resharding{Suite: &Suite{ctx: s.ctx, kinesis: s.kinesis, stream: s.stream + "-resharded"}, numbers: map[string]int{}}
	_, err := r.kinesis.CreateStream(r.ctx, &kinesis.CreateStreamInput{StreamName: &r.stream, ShardCount: aws.Int32(2)})
	check(err == nil, "create: %v", err)
	r.waitUntilActive(r.stream)
	r.generations()
	r.follow()
	r.consumers()
	_, err = r.kinesis.DeleteStream(r.ctx, &kinesis.DeleteStreamInput{
		StreamName: &r.stream, EnforceConsumerDeletion: aws.Bool(true)})
	check(err == nil, "delete: %v", err)
}

// put stores some records of each key, each key's in order. What fails is put again before its key goes on.
func (r *Resharding) put() {
	for round := 0; round < 5; round++ {
		keys := []string{}
		for i := 0; i < reshardKeys; i++ {
			keys = append(keys, fmt.Sprintf("key-%d", i))
		}
		for len(keys) > 0 {
			entries := []types.PutRecordsRequestEntry{}
			for _, key := range keys {
				data := []byte(strconv.Itoa(r.numbers[key]))
				entries = append(entries, types.PutRecordsRequestEntry{PartitionKey: aws.String(key), Data: data})
			}
			answer, err := r.kinesis.PutRecords(r.ctx, &kinesis.PutRecordsInput{StreamName: &r.stream, Records: entries})
			check(err == nil, "put: %v", err)
			failed := []string{}
			for i, result := range answer.Records {
				if result.ErrorCode != nil {
					failed = append(failed, keys[i])
				} else {
					r.numbers[keys[i]]++
				}
			}
			keys = failed
		}
	}
}

func (r *Resharding) shardsOf(filter *types.ShardFilter) []types.Shard {
	all := []types.Shard{}
	input := &kinesis.ListShardsInput{StreamName: &r.stream, MaxResults: aws.Int32(2), ShardFilter: filter}
	for input != nil {
		page, err := r.kinesis.ListShards(r.ctx, input)
		check(err == nil, "list the shards: %v", err)
		all = append(all, page.Shards...)
		input = nil
		if page.NextToken != nil {
			input = &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(2)}
		}
	}
	return all
}

func (r *Resharding) childrenOf(parent string) []types.Shard {
	children := []types.Shard{}
	for _, shard := range r.shardsOf(nil) {
		if aws.ToString(shard.ParentShardId) == parent {
			children = append(children, shard)
		}
	}
	return children
}

func (r *Resharding) generations() {
	step(19, "split, merge and rescale; ListShards by pages")
	before := r.shardsOf(nil)
	first, second := before[0].ShardId, before[1].ShardId
	r.put()
	quarter := new(big.Int).Rsh(hashSpace, 2).String()
	_, err := r.kinesis.SplitShard(r.ctx, &kinesis.SplitShardInput{
		StreamName: &r.stream, ShardToSplit: first, NewStartingHashKey: &quarter})
	check(err == nil, "split: %v", err)
	r.waitUntilActive(r.stream)
	children := r.childrenOf(*first)
	equal(len(children), 2, "children of a split")
	equal(*children[1].HashKeyRange.StartingHashKey, quarter, "the upper child's first hash key")
	r.put()
	_, err = r.kinesis.MergeShards(r.ctx, &kinesis.MergeShardsInput{
		StreamName: &r.stream, ShardToMerge: children[1].ShardId, AdjacentShardToMerge: second})
	check(err == nil, "merge: %v", err)
	r.waitUntilActive(r.stream)
	equal(*r.childrenOf(*children[1].ShardId)[0].AdjacentParentShardId, *second, "the adjacent parent")
	r.put()
	counts, err := r.kinesis.UpdateShardCount(r.ctx, &kinesis.UpdateShardCountInput{
		StreamName: &r.stream, TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling})
	check(err == nil, "rescale: %v", err)
	equal([]int32{*counts.CurrentShardCount, *counts.TargetShardCount}, []int32{2, 4}, "the counts")
	r.waitUntilActive(r.stream)
	equal(len(r.shardsOf(&types.ShardFilter{Type: types.ShardFilterTypeAtLatest})), 4, "open shards")
	r.put()
}

func (r *Resharding) follow() {
	step(20, "a reader that follows ChildShards gets every record once, each key's in order")
	waiting, begun, ended, read := []string{}, map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, shard := range r.shardsOf(&types.ShardFilter{Type: types.ShardFilterTypeAtTrimHorizon}) {
		waiting = append(waiting, *shard.ShardId)
		begun[*shard.ShardId] = true
	}
	for len(waiting) > 0 {
		shard := waiting[0]
		waiting = waiting[1:]
		for _, child := range r.readToEnd(shard, read) {
			ended[shard] = true
			ready := !begun[*child.ShardId]
			for _, parent := range child.ParentShards {
				ready = ready && ended[parent]
			}
			if ready {
				begun[*child.ShardId] = true
				waiting = append(waiting, *child.ShardId)
			}
		}
	}
	equal(read, r.numbers, "records read by key")
	equal(len(begun), len(r.shardsOf(nil)), "shards read")
}

// readToEnd reads to the end of a closed shard or to the tip of an open one, and gives the children.
func (r *Resharding) readToEnd(shard string, read map[string]int) []types.ChildShard {
	at, err := r.kinesis.GetShardIterator(r.ctx, &kinesis.GetShardIteratorInput{
		StreamName: &r.stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	check(err == nil, "iterator: %v", err)
	for iterator := at.ShardIterator; ; {
		answer, err := r.kinesis.GetRecords(r.ctx, &kinesis.GetRecordsInput{ShardIterator: iterator})
		check(err == nil, "read: %v", err)
		for _, record := range answer.Records {
			key := *record.PartitionKey
			equal(string(record.Data), strconv.Itoa(read[key]), "the next record of "+key)
			read[key]++
		}
		iterator = answer.NextShardIterator
		if iterator == nil {
			equal(len(answer.Records), 0, "records of the last answer")
			return answer.ChildShards
		}
		if *answer.MillisBehindLatest == 0 && len(answer.Records) == 0 {
			return nil
		}
	}
}

func (r *Resharding) consumers() {
	step(21, "register, page, describe and deregister consumers")
	summary, err := r.kinesis.DescribeStreamSummary(r.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &r.stream})
	check(err == nil, "describe: %v", err)
	arn := summary.StreamDescriptionSummary.StreamARN
	arns := []string{}
	for i := 0; i < 3; i++ {
		made, err := r.kinesis.RegisterStreamConsumer(r.ctx, &kinesis.RegisterStreamConsumerInput{
			StreamARN: arn, ConsumerName: aws.String(fmt.Sprintf("consumer-%d", i))})
		check(err == nil, "register: %v", err)
		arns = append(arns, *made.Consumer.ConsumerARN)
		waitUntil("an active consumer", func() bool {
			found, err := r.kinesis.DescribeStreamConsumer(r.ctx, &kinesis.DescribeStreamConsumerInput{
				ConsumerARN: made.Consumer.ConsumerARN})
			check(err == nil, "describe the consumer: %v", err)
			return found.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive
		})
	}
	pages := kinesis.NewListStreamConsumersPaginator(r.kinesis, &kinesis.ListStreamConsumersInput{
		StreamARN: arn, MaxResults: aws.Int32(1)})
	listed := []string{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(r.ctx)
		check(err == nil, "list the consumers: %v", err)
		for _, consumer := range page.Consumers {
			listed = append(listed, *consumer.ConsumerARN)
		}
	}
	sort.Strings(listed)
	sort.Strings(arns)
	equal(listed, arns, "consumers listed")
	_, err = r.kinesis.DeregisterStreamConsumer(r.ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: &arns[0]})
	check(err == nil, "deregister: %v", err)
	waitUntil("a consumer that is gone", func() bool {
		_, err := r.kinesis.DescribeStreamConsumer(r.ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: &arns[0]})
		if err == nil {
			return false
		}
		expectError[*types.ResourceNotFoundException]("describe a consumer that is gone", err)
		return true
	})
}
