package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"math/big"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const page = 100

var hashSpace = new(big.Int).Lsh(big.NewInt(1), 128)
var halfSpace = new(big.Int).Lsh(big.NewInt(1), 127)

func below(number *big.Int) *big.Int { return new(big.Int).Sub(number, big.NewInt(1)) }

func kinesisVersion() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if strings.HasSuffix(module.Path, "/service/kinesis") {
			return module.Version
		}
	}
	return "(unknown)"
}

// A record as the broker must give it back.
type stored struct {
	number *big.Int
	key    string
	data   []byte
}

type Suite struct {
	ctx     context.Context
	kinesis *kinesis.Client
	stream  string
	arn     string
	shards  []string
	// What each shard must hold, in the order of the acknowledgements.
	stored  map[string][]stored
	started time.Time
}

func (s *Suite) run() {
	s.create()
	s.describe()
	s.createAgain()
	s.putSingle()
	s.putExplicitHash()
	s.putBatch()
	s.putLargest()
	s.putDryRun()
	s.readAll()
	s.readLatest()
	s.readByNumber()
	s.readByTime()
	s.pageListings()
	s.tags()
	s.retention()
	s.limits()
	s.refusals()
	s.delete()
}

func (s *Suite) name() *string { return aws.String(s.stream) }

// note checks the place that a put was given, and keeps it for the readers.
func (s *Suite) note(shard, number, key string, data []byte, hash *big.Int) {
	if hash == nil {
		sum := md5.Sum([]byte(key))
		hash = new(big.Int).SetBytes(sum[:])
	}
	expected := s.shards[0]
	if hash.Cmp(halfSpace) >= 0 {
		expected = s.shards[1]
	}
	equal(shard, expected, "shard of key "+key)
	equal(len(number), 56, "digits of a sequence number")
	parsed, ok := new(big.Int).SetString(number, 10)
	check(ok, "%q is no sequence number", number)
	before := s.stored[shard]
	if len(before) > 0 {
		last := before[len(before)-1].number
		check(parsed.Cmp(last) > 0, "%s does not follow %s in %s", number, last, shard)
	}
	s.stored[shard] = append(before, stored{parsed, key, data})
}

func (s *Suite) put(input kinesis.PutRecordInput) {
	if input.StreamARN == nil {
		input.StreamName = s.name()
	}
	output := must(s.kinesis.PutRecord(s.ctx, &input))
	var hash *big.Int
	if input.ExplicitHashKey != nil {
		hash, _ = new(big.Int).SetString(*input.ExplicitHashKey, 10)
	}
	s.note(*output.ShardId, *output.SequenceNumber, *input.PartitionKey, input.Data, hash)
}

func (s *Suite) waitUntilActive(name string) {
	waiter := kinesis.NewStreamExistsWaiter(s.kinesis)
	err := waiter.Wait(s.ctx, &kinesis.DescribeStreamInput{StreamName: aws.String(name)}, time.Minute)
	check(err == nil, "waiting until %s is ACTIVE: %v", name, err)
}

func (s *Suite) create() {
	step(1, "create a stream of two shards and wait until it is ACTIVE")
	must(s.kinesis.CreateStream(s.ctx, &kinesis.CreateStreamInput{StreamName: s.name(), ShardCount: aws.Int32(2)}))
	s.waitUntilActive(s.stream)
}

func (s *Suite) describe() {
	step(2, "describe it by name and by ARN")
	stream := must(s.kinesis.DescribeStream(s.ctx, &kinesis.DescribeStreamInput{StreamName: s.name()})).StreamDescription
	equal(stream.StreamStatus, types.StreamStatusActive, "status")
	equal(*stream.RetentionPeriodHours, int32(24), "retention")
	equal(stream.EncryptionType, types.EncryptionTypeNone, "encryption")
	equal(stream.StreamModeDetails.StreamMode, types.StreamModeProvisioned, "mode")
	equal(*stream.HasMoreShards, false, "HasMoreShards")
	s.expectRecent(*stream.StreamCreationTimestamp, "creation")
	var ranges []string
	for _, shard := range stream.Shards {
		s.shards = append(s.shards, *shard.ShardId)
		ranges = append(ranges, *shard.HashKeyRange.StartingHashKey, *shard.HashKeyRange.EndingHashKey)
	}
	expected := []string{"0", below(halfSpace).String(), halfSpace.String(), below(hashSpace).String()}
	equal(ranges, expected, "hash ranges")
	equal(s.shards, []string{"shardId-000000000000", "shardId-000000000001"}, "shard ids")
	s.stored = map[string][]stored{}
	s.arn = *stream.StreamARN
	input := &kinesis.DescribeStreamSummaryInput{StreamARN: aws.String(s.arn)}
	summary := must(s.kinesis.DescribeStreamSummary(s.ctx, input)).StreamDescriptionSummary
	equal([]string{*summary.StreamName, *summary.StreamARN}, []string{s.stream, s.arn}, "the summary's name and ARN")
	equal([]int32{*summary.OpenShardCount, *summary.ConsumerCount}, []int32{2, 0}, "open shards and consumers")
	check(summary.StreamId == nil, "a StreamId would send clients away from a custom endpoint")
}

func (s *Suite) expectRecent(moment time.Time, what string) {
	after := !moment.Before(s.started.Add(-clockSlack))
	check(after && !moment.After(time.Now().Add(clockSlack)), "%s at %v, clock %v to %v", what, moment, s.started, time.Now())
}

func (s *Suite) createAgain() {
	step(3, "create it again: ResourceInUseException")
	_, err := s.kinesis.CreateStream(s.ctx, &kinesis.CreateStreamInput{StreamName: s.name(), ShardCount: aws.Int32(2)})
	expectError[*types.ResourceInUseException]("a second creation", err)
}

func (s *Suite) putSingle() {
	step(4, "put single records: text, nothing, every byte value, a Unicode key")
	allBytes := make([]byte, 256)
	for i := range allBytes {
		allBytes[i] = byte(i)
	}
	unicodeKey := "日本語/ключ/🦆"
	s.put(kinesis.PutRecordInput{PartitionKey: aws.String("plain"), Data: []byte("hello, millrace\n")})
	s.put(kinesis.PutRecordInput{PartitionKey: aws.String("empty"), Data: []byte{}})
	s.put(kinesis.PutRecordInput{PartitionKey: aws.String("all-bytes"), Data: allBytes})
	s.put(kinesis.PutRecordInput{StreamARN: &s.arn, PartitionKey: aws.String(unicodeKey), Data: []byte(unicodeKey)})
}

func (s *Suite) putExplicit(hash *big.Int, key string, data string) {
	s.put(kinesis.PutRecordInput{
		PartitionKey:    aws.String(key),
		ExplicitHashKey: aws.String(hash.String()),
		Data:            []byte(data),
	})
}

func (s *Suite) putExplicitHash() {
	step(5, "put with explicit hash keys at the edges of both shards")
	for _, hash := range []*big.Int{big.NewInt(0), below(halfSpace), halfSpace, below(hashSpace)} {
		s.putExplicit(hash, "explicit", hash.String())
	}
}

func (s *Suite) putBatch() {
	step(6, "put a batch of 500 binary records")
	entries := make([]types.PutRecordsRequestEntry, 500)
	for i := range entries {
		data := append([]byte{byte(i >> 8), byte(i)}, bytes.Repeat([]byte{byte(i)}, i%64)...)
		entries[i] = types.PutRecordsRequestEntry{PartitionKey: aws.String(fmt.Sprintf("key-%d", i%7)), Data: data}
	}
	output := must(s.kinesis.PutRecords(s.ctx, &kinesis.PutRecordsInput{StreamName: s.name(), Records: entries}))
	equal(*output.FailedRecordCount, int32(0), "failed records")
	equal(len(output.Records), len(entries), "answers")
	for i, result := range output.Records {
		s.note(*result.ShardId, *result.SequenceNumber, *entries[i].PartitionKey, entries[i].Data, nil)
	}
}

func (s *Suite) putLargest() {
	step(7, "put a record of 1 MiB; one byte more is refused")
	key, data := "large", make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i)
	}
	s.put(kinesis.PutRecordInput{PartitionKey: &key, Data: data[len(key):]})
	tooLarge := &kinesis.PutRecordInput{StreamName: s.name(), PartitionKey: &key, Data: data[len(key)-1:]}
	_, err := s.kinesis.PutRecord(s.ctx, tooLarge)
	expectError[*types.InvalidArgumentException]("a record over 1 MiB", err)
}

func (s *Suite) putDryRun() {
	step(8, "a dry run stores nothing")
	_, err := s.kinesis.PutRecord(s.ctx, &kinesis.PutRecordInput{
		StreamName: s.name(), PartitionKey: aws.String("dry"), Data: []byte("dry"), DryRun: aws.Bool(true),
	})
	expectError[*types.DryRunOperationException]("a dry run", err)
}

func (s *Suite) delete() {
	step(18, "delete; what comes under the same name is new and empty")
	old := &kinesis.GetRecordsInput{ShardIterator: s.iterator(s.shards[0], types.ShardIteratorTypeTrimHorizon)}
	must(s.kinesis.DeleteStream(s.ctx, &kinesis.DeleteStreamInput{StreamName: s.name()}))
	describe := &kinesis.DescribeStreamInput{StreamName: s.name()}
	err := kinesis.NewStreamNotExistsWaiter(s.kinesis).Wait(s.ctx, describe, time.Minute)
	check(err == nil, "waiting until the stream is gone: %v", err)
	_, err = s.kinesis.DescribeStream(s.ctx, describe)
	expectError[*types.ResourceNotFoundException]("describe", err)
	_, err = s.kinesis.GetRecords(s.ctx, old)
	expectError[*types.ResourceNotFoundException]("an iterator of a deleted stream", err)
	must(s.kinesis.CreateStream(s.ctx, &kinesis.CreateStreamInput{StreamName: s.name(), ShardCount: aws.Int32(1)}))
	s.waitUntilActive(s.stream)
	records, _ := s.read(s.iterator(s.shards[0], types.ShardIteratorTypeTrimHorizon), 1000)
	s.expectRecords(records, nil, "the new stream")
	_, err = s.kinesis.GetRecords(s.ctx, old)
	expectError[*types.ResourceNotFoundException]("an iterator of the old stream", err)
	must(s.kinesis.DeleteStream(s.ctx, &kinesis.DeleteStreamInput{StreamName: s.name()}))
}

func (s *Suite) expiredIterator() (string, bool) { return os.LookupEnv("EXPIRED_ITERATOR") }
