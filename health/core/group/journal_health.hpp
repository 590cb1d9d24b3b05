// Can what is decided be remembered? Whether the journal takes writes, and whether it still names the master (RULES §7).
#pragma once

#include <optional>

#include "health/core/group/scene.hpp"

namespace sengu::health {

class JournalHealth {
 public:
  explicit JournalHealth(JournalFound found) : damaged_(found == JournalFound::damaged) {}

  void written(const Scene& scene, const JournalWritten& written);
  /// After a failed write, each second: does it work again? Not while a failover runs, which writes by itself.
  void probe(const Scene& scene);
  /// A master was chosen or named, and journalled.
  void is_whole_again() { damaged_ = false; }

  bool writable() const { return ok_; }
  /// What it holds names no master: an operator does.
  bool damaged() const { return damaged_; }

 private:
  bool ok_ = true;
  bool damaged_;
  std::optional<Serial> probe_;   // the write that only finds out whether the journal works again
  Time next_probe_{};
};

}  // namespace sengu::health
