// A client that writes through the proxy: one write at a time, each of its own number; after an error, an end or as
// much silence as it has patience for it connects again at once.
#pragma once

#include "tests/sim/sengu.hpp"

namespace sengu::sim {

class Writer : public ClientEnd, public std::enable_shared_from_this<Writer> {
 public:
  Writer(Timeline& timeline, Random& random, Sengu& sengu, Duration patience, std::function<WriteId()> next_write)
      : timeline_(timeline), random_(random), sengu_(sengu), patience_(patience), next_write_(std::move(next_write)) {}

  void connect() {
    ++turn_;
    pending_ = 0;
    sengu_.accept(shared_from_this());
    write();
  }
  void on_reply(const Reply& reply) override {
    if (reply.write == 0 || reply.write != pending_) return again();
    pending_ = 0;
    timeline_.after(random_.between(std::chrono::milliseconds(2), std::chrono::milliseconds(30)),
                    mine([this] { write(); }));
  }
  void on_end() override {
    if (pending_ != 0 || turn_ != 0) again();
  }

 private:
  /// Only while it is still the same attempt.
  Action mine(Action act) {
    return [self = shared_from_this(), turn = turn_, act = std::move(act)] {
      if (turn == self->turn_) act();
    };
  }
  void write() {
    pending_ = next_write_();
    sengu_.client_sends(shared_from_this(), pending_);
    timeline_.after(patience_, [self = shared_from_this(), turn = turn_, write = pending_] {
      if (turn == self->turn_ && write == self->pending_) self->again();
    });
  }
  void again() {
    ++turn_;
    pending_ = 0;
    sengu_.client_leaves(shared_from_this());
    timeline_.after(random_.between(std::chrono::milliseconds(1), std::chrono::milliseconds(10)),
                    mine([this] { connect(); }));
  }

  Timeline& timeline_;
  Random& random_;
  Sengu& sengu_;
  const Duration patience_;
  std::function<WriteId()> next_write_;
  int turn_ = 0;
  WriteId pending_ = 0;
};

}  // namespace sengu::sim
