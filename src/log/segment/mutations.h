#pragma once

// Rules of the engine that the tests of its durability break one by one, to see that those tests find out. Only they
// ever set one.
namespace millrace::log::segment {

struct Mutations {
  bool append_after_recovery = false;     // into what a crash left behind, instead of a new segment
  bool recycle_keeps_generation = false;  // as if checksums covered none: an earlier life of the file is taken for live
  bool no_position_jump = false;          // after an unclean stop in `os`
};

inline Mutations mutations;

}  // namespace millrace::log::segment
