// The descriptor with which a worker's listeners answer clients when there is no other one. Worker's thread only.
#pragma once

#include "health/net/fd.hpp"

namespace sengu::proxy {

/// A descriptor that is held for nothing but to be given up when there is no other one.
class SpareFile {
 public:
  SpareFile() { take(); }
  /// False: there is none to be had.
  bool take();
  void give_up() { file_.close(); }

 private:
  net::Fd file_;
};

}  // namespace sengu::proxy
