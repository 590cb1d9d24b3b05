#include "health/net/shortage.hpp"

#include <cerrno>

namespace sengu::net {

bool is_out_of_files(int error) { return error == EMFILE || error == ENFILE; }

bool is_out_of_memory(int error) { return error == ENOBUFS || error == ENOMEM; }

bool is_shortage(int error) { return is_out_of_files(error) || is_out_of_memory(error); }

bool is_shortage(const boost::system::error_code& error) {
  return error.category() == boost::system::system_category() && is_shortage(error.value());
}

}  // namespace sengu::net
