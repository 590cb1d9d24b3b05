// Which errors say that this process or this host has no descriptor or memory left: they say nothing of the other side,
// and they pass. Pure.
#pragma once

#include <boost/system/error_code.hpp>

#include "config/base/types.hpp"

namespace sengu::net {

/// EMFILE, ENFILE.
bool is_out_of_files(int error);
/// ENOBUFS, ENOMEM.
bool is_out_of_memory(int error);
/// Either.
bool is_shortage(int error);
bool is_shortage(const boost::system::error_code& error);

/// After a shortage a connect is tried again so soon.
constexpr Milliseconds shortage_pause{20};

}  // namespace sengu::net
