// Boost.JSON compiled once for the fuzzers, as proxy/asio_impl.cpp does for the program.
#include <boost/json/src.hpp>
