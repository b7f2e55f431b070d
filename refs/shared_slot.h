#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

namespace isodb::refs {

/// A shared_ptr that threads read while others replace it. Held for a copy of two words only, so
/// that nobody waits for longer. (std::atomic<std::shared_ptr> of g++ 12 does the same, but ends
/// its reads with a relaxed store, which orders nothing where the processor does not.)
template <typename T>
class SharedSlot {
 public:
  std::shared_ptr<T> load() const {
    const Guard guard(taken_);
    return pointer_;
  }
  void store(std::shared_ptr<T> pointer) {
    const Guard guard(taken_);
    pointer_.swap(pointer);  // what was there is let go after the guard: parameters die last
  }

 private:
  class Guard {
   public:
    explicit Guard(std::atomic_flag& taken) : taken_(taken) {
      while (taken_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
    }
    ~Guard() { taken_.clear(std::memory_order_release); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    std::atomic_flag& taken_;
  };

  mutable std::atomic_flag taken_;
  std::shared_ptr<T> pointer_;
};

}  // namespace isodb::refs
