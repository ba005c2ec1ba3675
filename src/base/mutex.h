#pragma once

#include <mutex>

// Clang's thread-safety attributes, so that what a lock guards is written beside it and checked by the compiler.
#if defined(__clang__)
#define MILLRACE_ATTRIBUTE(x) __attribute__((x))
#else
#define MILLRACE_ATTRIBUTE(x)
#endif
#define MILLRACE_CAPABILITY(x) MILLRACE_ATTRIBUTE(capability(x))
#define MILLRACE_SCOPED_CAPABILITY MILLRACE_ATTRIBUTE(scoped_lockable)
#define MILLRACE_GUARDED_BY(x) MILLRACE_ATTRIBUTE(guarded_by(x))
#define MILLRACE_REQUIRES(...) MILLRACE_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define MILLRACE_EXCLUDES(...) MILLRACE_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define MILLRACE_ACQUIRE(...) MILLRACE_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define MILLRACE_RELEASE(...) MILLRACE_ATTRIBUTE(release_capability(__VA_ARGS__))
#define MILLRACE_TRY_ACQUIRE(...) MILLRACE_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))

namespace millrace::base {

// std::mutex that thread-safety analysis understands. Held for moments: nothing under it waits, calls out or does I/O.
class MILLRACE_CAPABILITY("mutex") Mutex {
 public:
  void lock() MILLRACE_ACQUIRE() { mutex_.lock(); }
  void unlock() MILLRACE_RELEASE() { mutex_.unlock(); }
  bool try_lock() MILLRACE_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

// Holds a Mutex for a scope.
class MILLRACE_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) MILLRACE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() MILLRACE_RELEASE() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace millrace::base
