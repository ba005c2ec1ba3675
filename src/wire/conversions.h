#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/shape.h"

// How a value of a body becomes a member's value, and the sentences of the service where it cannot.
namespace millrace::wire {

// What stood in the body, by the class that the service's sentences name.
enum class Given : std::uint8_t { text, boolean, number, fraction, big_number, bytes };

// Sentences repeat the value they refuse. The service repeats it whole; of what is longer than this we repeat the start
// and three dots, so that a refused body does not cost an answer of its size.
inline constexpr std::size_t printed_bytes_max = 128 * 1024;
std::string printed(std::string_view text);

// Where `given` cannot become a value of this type.
std::string cannot_convert(Given given, Type wanted);
std::string cannot_convert_to_boolean(std::string_view text);
inline constexpr std::string_view list_not_expected = "Start of list found where not expected";
inline constexpr std::string_view map_not_expected = "Start of structure or map found where not expected.";

// Text that stands for a truth: true, false, 1, 0, yes, no, in any case.
std::optional<bool> boolean_of(std::string_view text);

// The service keeps whole numbers in 32 bits and what is beyond them at their ends; long integers in 64 bits.
std::int64_t integer_of(std::int64_t number, Type wanted);
std::int64_t integer_of(double number, Type wanted);  // floored; not for NaN

// Milliseconds are exact in a double up to here, and far from overflow in sums; times beyond are kept at this end.
inline constexpr std::int64_t timestamp_ms_max = (std::int64_t{1} << 53) - 1;
std::int64_t ms_of_seconds(std::int64_t seconds);
std::int64_t ms_of_seconds(double seconds);  // rounded; not for NaN
std::int64_t ms_of_ms(std::int64_t ms);
// A fraction in CBOR, where the protocol has whole milliseconds: below 10^11 it is taken for seconds.
std::int64_t ms_of_fraction(double number);

// The sentence about base64 text that is not strictly valid: its length is looked at first, then its characters, then
// the bits that the last character leaves over. Empty where nothing is wrong.
std::string blob_problem(std::string_view text);

}  // namespace millrace::wire
