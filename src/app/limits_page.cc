#include "app/limits_page.h"

#include <fmt/format.h>

#include <iterator>

#include "limits/table.h"
#include "wire/errors.h"

namespace millrace::app {
namespace {

using limits::Per;
using limits::Profile;
using limits::Row;

constexpr std::string_view begin = R"(# Limits

<!-- Written by the build target `limits_page` from the table in src/limits/table.cc; a test compares them. -->

Two profiles say which limits of the service hold. `relaxed`, the default, has those on sizes and numbers: a test suite
does not wait. `strict` has what depends on time as well, for whoever wants to see how a client bears being throttled.
`--limits` chooses the broker's; a stream with the tag `millrace:limits`, of the value `strict` or `relaxed`, has its own:

```
millrace serve --limits strict
aws kinesis add-tags-to-stream --stream-name orders --tags millrace:limits=strict
```

A stream's profile decides for the calls that are about it, the broker's for all others, such as ListStreams. Calls are
counted for each account in each region, or for each stream; a bucket of tokens, which the clock fills at the rate and
which holds the burst, says whether one more fits. What is refused costs nothing. Sizes of records and requests, names,
tags and pages are limited in both profiles, and so are shards and on-demand streams ([Options](options.md)).

PutRecords takes records one by one, in their order: those that do not fit fail by themselves, and the others are stored.
PutRecord counts its record in whole KiB, PutRecords the records of a shard together. GetRecords is counted once it is
read: an answer of more than 2 MiB holds up the next read of the shard until it is made up for, one of 10 MiB for 5 s.

| what | of each | number | burst | one too many | its message | source | relaxed |
| --- | --- | --- | --- | --- | --- | --- | --- |
)";

std::string number_of(const Row& row) {
  constexpr std::string_view times[] = {" a second", " in 24 hours", " at a time"};
  return fmt::format("{}{}", row.rate.tokens_per_second, times[static_cast<std::size_t>(row.per)]);
}

}  // namespace

std::string limits_page() {
  std::string out(begin);
  for (const Row& row : limits::table()) {
    const std::string what =
        row.operation.empty() ? std::string(row.what) : fmt::format("{} {}", row.operation, row.what);
    fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} | {} | {} | {} | {} |\n", what, name_of(row.scope),
                   number_of(row), row.per == Per::second ? fmt::format("{}", row.rate.burst) : "-",
                   wire::wire_error(row.error).type, row.words.empty() ? "ours" : fmt::format("`{}`", row.words),
                   row.source, row.holds_in(Profile::relaxed) ? "yes" : "no");
  }
  return out;
}

}  // namespace millrace::app
