#include <cstring>

#include "base/base64.h"
#include "model/limits.h"
#include "wire/hot.h"
#include "wire/hot_cbor_reader.h"
#include "wire/hot_json_reader.h"
#include "wire/hot_members.h"
#include "wire/pattern.h"
#include "wire/utf8.h"

namespace millrace::wire::hot {
namespace {

namespace limits = model::limits;

constexpr std::size_t stream_arn_chars_max = 2'048;  // shape StreamARN

// Between one and `chars_max` Unicode characters of well-formed UTF-8.
bool has_length(std::string_view text, std::size_t chars_max) {
  return !text.empty() && (text.size() <= chars_max || count_characters(text) <= chars_max);
}

template <Reader R>
bool read_record_member(R& in, Member member, RecordView& record) {
  switch (member) {
    case Member::data:
      return in.blob(record.data) && data_size(R::data_form, record.data) <= limits::data_bytes_max;
    case Member::partition_key:
      return in.text(record.partition_key) && has_length(record.partition_key, limits::partition_key_chars_max);
    case Member::explicit_hash_key:
      return in.text(record.explicit_hash_key) && matches(Pattern::hash_key, record.explicit_hash_key);
    default:
      return false;
  }
}

template <Reader R>
bool read_stream_arn(R& in, std::string_view& arn) {
  return in.text(arn) && has_length(arn, stream_arn_chars_max) && matches(Pattern::stream_arn, arn);
}

template <Reader R>
bool read_request_member(R& in, Member member, PutRequest& request) {
  switch (member) {
    case Member::stream_name:
      return in.text(request.stream_name) && request.stream_name.size() <= limits::stream_name_chars_max &&
             matches(Pattern::name, request.stream_name);
    case Member::stream_arn:
      return read_stream_arn(in, request.stream_arn);
    case Member::sequence_number_for_ordering:
      return in.text(request.sequence_number_for_ordering) &&
             matches(Pattern::sequence_number, request.sequence_number_for_ordering);
    case Member::dry_run:
      return in.boolean(request.dry_run);
    default:
      return false;
  }
}

// Calls `read(member)` for each member of a map, until one is refused.
template <Reader R, class Read>
bool for_each_member(R& in, Members& members, Read read) {
  typename R::Scope scope;
  if (!in.open_map(scope)) return false;
  for (;;) {
    std::string_view name;
    const Next next = in.next_member(scope, name);
    if (next != Next::item) return next == Next::end;
    const Member member = member_of(name);
    if (!members.meet(member) || !read(member)) return false;
  }
}

template <Reader R>
bool read_record(R& in, RecordView& record) {
  Members members(Member::data, Member::partition_key, Member::explicit_hash_key);
  return for_each_member(in, members, [&](Member member) { return read_record_member(in, member, record); }) &&
         members.has(Member::data);
}

template <Reader R>
bool read_records(R& in, std::vector<RecordView>& records) {
  typename R::Scope scope;
  if (!in.open_list(scope)) return false;
  for (;;) {
    const Next next = in.next_element(scope);
    if (next != Next::item) return next == Next::end && !records.empty();
    if (records.size() == limits::put_records_max || !read_record(in, records.emplace_back())) return false;
  }
}

template <Reader R>
bool read_put_record(R in, PutRequest& request) {
  request.clear();
  request.data_form = R::data_form;
  RecordView& record = request.records.emplace_back();
  Members members(Member::data, Member::partition_key, Member::explicit_hash_key, Member::stream_name,
                  Member::stream_arn, Member::sequence_number_for_ordering, Member::dry_run);
  const auto read = [&](Member member) {
    switch (member) {
      case Member::data:
      case Member::partition_key:
      case Member::explicit_hash_key:
        return read_record_member(in, member, record);
      default:
        return read_request_member(in, member, request);
    }
  };
  return for_each_member(in, members, read) && members.has(Member::data) && in.at_end();
}

template <Reader R>
bool read_put_records(R in, PutRequest& request) {
  request.clear();
  request.data_form = R::data_form;
  Members members(Member::records, Member::stream_name, Member::stream_arn, Member::dry_run);
  const auto read = [&](Member member) {
    return member == Member::records ? read_records(in, request.records) : read_request_member(in, member, request);
  };
  return for_each_member(in, members, read) && members.has(Member::records) && in.at_end();
}

template <Reader R>
bool read_get_records(R in, GetRequest& request) {
  request = {};
  Members members(Member::shard_iterator, Member::limit, Member::stream_arn, Member::dry_run);
  const auto read = [&](Member member) {
    switch (member) {
      case Member::shard_iterator:
        return in.text(request.shard_iterator) && has_length(request.shard_iterator, limits::iterator_chars_max);
      case Member::limit:
        return in.positive_integer(request.limit.emplace()) &&
               *request.limit <= static_cast<std::int64_t>(limits::get_records_max);
      case Member::stream_arn:
        return read_stream_arn(in, request.stream_arn);
      case Member::dry_run:
        return in.boolean(request.dry_run);
      default:
        return false;
    }
  };
  return for_each_member(in, members, read) && members.has(Member::shard_iterator) && in.at_end();
}

}  // namespace

void PutRequest::clear() {
  stream_name = {};
  stream_arn = {};
  sequence_number_for_ordering = {};
  dry_run = false;
  records.clear();
}

bool decode_put_record(Encoding encoding, std::string_view body, PutRequest& request) {
  return encoding == Encoding::json ? read_put_record(JsonReader(body), request)
                                    : read_put_record(CborReader(body), request);
}

bool decode_put_records(Encoding encoding, std::string_view body, PutRequest& request) {
  return encoding == Encoding::json ? read_put_records(JsonReader(body), request)
                                    : read_put_records(CborReader(body), request);
}

bool decode_get_records(Encoding encoding, std::string_view body, GetRequest& request) {
  return encoding == Encoding::json ? read_get_records(JsonReader(body), request)
                                    : read_get_records(CborReader(body), request);
}

std::size_t data_size(DataForm form, std::string_view data) {
  return form == DataForm::base64 ? base::base64_decoded_size(data) : data.size();
}

bool decode_data(DataForm form, std::string_view data, char* to) {
  if (form == DataForm::base64) return base::base64_decode(data, to);
  if (!data.empty()) std::memcpy(to, data.data(), data.size());
  return true;
}

}  // namespace millrace::wire::hot
