// Tells a callback whether its object still wants to hear: an object hands passes to its callbacks, and closes its gate
// when it ends. Used by one thread.
#pragma once

#include <memory>

namespace sengu {

class Gate {
 public:
  class Pass {
   public:
    bool open() const { return !gate_.expired(); }

   private:
    friend class Gate;
    explicit Pass(const std::shared_ptr<const int>& gate) : gate_(gate) {}
    std::weak_ptr<const int> gate_;
  };

  Pass pass() const { return Pass(gate_); }
  bool open() const { return gate_ != nullptr; }
  /// Closes for good. So does the end of the gate itself.
  void close() { gate_.reset(); }

 private:
  std::shared_ptr<const int> gate_ = std::make_shared<const int>(0);
};

}  // namespace sengu
