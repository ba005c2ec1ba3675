package main

import (
	"bytes"
	"math/big"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func (s *Suite) positioned(input kinesis.GetShardIteratorInput) *string {
	input.StreamName = s.name()
	return must(s.kinesis.GetShardIterator(s.ctx, &input)).ShardIterator
}

func (s *Suite) iterator(shard string, kind types.ShardIteratorType) *string {
	return s.positioned(kinesis.GetShardIteratorInput{ShardId: &shard, ShardIteratorType: kind})
}

// read gives all records from the iterator to the tip, page by page, and the iterator that follows them.
func (s *Suite) read(iterator *string, limit int32) ([]types.Record, *string) {
	var records []types.Record
	for {
		input := &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(limit)}
		output := must(s.kinesis.GetRecords(s.ctx, input))
		check(len(output.Records) <= int(limit), "%d records in a page of %d", len(output.Records), limit)
		check(*output.NextShardIterator != *iterator, "the next iterator is the one that was sent")
		records = append(records, output.Records...)
		iterator = output.NextShardIterator
		if *output.MillisBehindLatest == 0 {
			return records, iterator
		}
	}
}

func (s *Suite) expectRecords(records []types.Record, expected []stored, what string) {
	equal(len(records), len(expected), "number of records of "+what)
	for i, record := range records {
		wanted := expected[i]
		equal(*record.SequenceNumber, wanted.number.String(), "sequence number in "+what)
		equal(*record.PartitionKey, wanted.key, "partition key in "+what)
		check(bytes.Equal(record.Data, wanted.data), "bytes of record %d of %s (key %s) differ", i, what, wanted.key)
	}
}

func (s *Suite) readAll() {
	step(9, "read everything from TRIM_HORIZON in pages: bytes, keys, order, times, distance to the tip")
	for _, shard := range s.shards {
		start := s.iterator(shard, types.ShardIteratorTypeTrimHorizon)
		first := must(s.kinesis.GetRecords(s.ctx, &kinesis.GetRecordsInput{ShardIterator: start, Limit: aws.Int32(1)}))
		check(*first.MillisBehindLatest > 0, "MillisBehindLatest is 0 with records left to read")
		records, _ := s.read(start, page)
		s.expectRecords(records, s.stored[shard], "TRIM_HORIZON of "+shard)
		before := *records[0].ApproximateArrivalTimestamp
		for _, record := range records {
			arrival := *record.ApproximateArrivalTimestamp
			check(!arrival.Before(before), "arrival times fall in %s: %v after %v", shard, arrival, before)
			s.expectRecent(arrival, "arrival")
			before = arrival
		}
	}
}

func (s *Suite) newest(shard string) []stored {
	all := s.stored[shard]
	return all[len(all)-1:]
}

func (s *Suite) readLatest() {
	step(10, "LATEST shows what was put after the iterator was asked for, and nothing else")
	shard := s.shards[0]
	latest := s.iterator(shard, types.ShardIteratorTypeLatest)
	s.putExplicit(big.NewInt(1), "tip", "first after the iterator")
	records, following := s.read(latest, page)
	s.expectRecords(records, s.newest(shard), "LATEST")
	records, following = s.read(following, page)
	s.expectRecords(records, nil, "the tip")
	s.putExplicit(big.NewInt(1), "tip", "second after the iterator")
	records, _ = s.read(following, page)
	s.expectRecords(records, s.newest(shard), "the tip, later")
}

func (s *Suite) readByNumber() {
	step(11, "AT_SEQUENCE_NUMBER starts at the record, AFTER_SEQUENCE_NUMBER behind it")
	at, after := types.ShardIteratorTypeAtSequenceNumber, types.ShardIteratorTypeAfterSequenceNumber
	for _, shard := range s.shards {
		all := s.stored[shard]
		for _, position := range []int{0, len(all) / 2, len(all) - 1} {
			input := kinesis.GetShardIteratorInput{ShardId: aws.String(shard)}
			input.StartingSequenceNumber = aws.String(all[position].number.String())
			input.ShardIteratorType = at
			records, _ := s.read(s.positioned(input), 1000)
			s.expectRecords(records, all[position:], "AT_SEQUENCE_NUMBER")
			input.ShardIteratorType = after
			records, _ = s.read(s.positioned(input), 1000)
			s.expectRecords(records, all[position+1:], "AFTER_SEQUENCE_NUMBER")
		}
	}
}

func (s *Suite) readByTime() {
	step(12, "AT_TIMESTAMP starts at the first record that arrived then or later")
	shard := s.shards[1]
	lastArrival := func() time.Time {
		records, _ := s.read(s.iterator(shard, types.ShardIteratorTypeTrimHorizon), 1000)
		return *records[len(records)-1].ApproximateArrivalTimestamp
	}
	readFrom := func(moment time.Time) []types.Record {
		input := kinesis.GetShardIteratorInput{ShardId: &shard, Timestamp: &moment}
		input.ShardIteratorType = types.ShardIteratorTypeAtTimestamp
		records, _ := s.read(s.positioned(input), 1000)
		return records
	}
	before := lastArrival()
	waitUntil("a later millisecond", func() bool { return time.Now().After(before.Add(10 * time.Millisecond)) })
	s.putExplicit(below(hashSpace), "timed", "in a millisecond of its own")
	arrival := lastArrival()
	check(arrival.After(before), "the broker's clock stands behind this one")
	s.expectRecords(readFrom(arrival), s.newest(shard), "AT_TIMESTAMP")
	longAgo := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	s.expectRecords(readFrom(longAgo), s.stored[shard], "AT_TIMESTAMP of long ago")
}
