#include "health/mysql/errors.hpp"

#include <cerrno>

namespace sengu::health::mysql {

namespace {

// Error numbers of the client library (errmsg.h), written down here so that only the client knows its headers.
constexpr unsigned version_error = 2007, handshake_error = 2012, malformed_packet = 2027;
constexpr unsigned plugin_not_loaded = 2059, plugin_error = 2061, plugin_refused = 5010;

Outcome classify_connect(int error) {
  if (error == ECONNREFUSED) return Outcome::l4_refused;
  if (error == ECONNRESET) return Outcome::l7_closed;  // the connection stood, and ended before we looked
  return error == ETIMEDOUT ? Outcome::l4_timeout : Outcome::l4_error;
}

Outcome classify_library(const Failure& failure) {
  switch (failure.number) {
    case version_error:
    case handshake_error:
    case malformed_packet: return Outcome::invalid;
    case plugin_not_loaded:
    case plugin_error:
    case plugin_refused: return Outcome::noauth;
    default:
      // 2013, 2006 and the like: during the login the greeting has proved life; later these mean that the connection
      // ended.
      return failure.at == Progress::ready ? Outcome::l7_closed : Outcome::error;
  }
}

Outcome classify_server(unsigned number) {
  switch (number) {
    case 1044:  // access denied to a database
    case 1045:  // access denied
    case 1251:  // the server wants an authentication that the library does not know
    case 1698:  // access denied (no password)
    case 1820:  // the password must be changed first
    case 1862:  // the password has expired
    case 3118:  // the account is locked (MySQL)
    case 3955:  // the account is blocked after wrong passwords (MySQL)
    case 4151:  // the account is locked (MariaDB)
      return Outcome::noauth;
    case 1142:  // a table's privilege
    case 1143:  // a column's
    case 1227:  // "you need (at least one of) the ... privilege(s)"
    case 1370:  // a routine's
      return Outcome::noperm;
    default: return Outcome::error;
  }
}

}  // namespace

Outcome classify(const Failure& failure) {
  if (is_from_server(failure)) return classify_server(failure.number);
  if (failure.number == 0) return Outcome::error;
  if (failure.at == Progress::connecting) return classify_connect(failure.connect_error);
  if (failure.at == Progress::connected)
    return failure.connect_error == ETIMEDOUT ? Outcome::l7_timeout : Outcome::l7_closed;
  return classify_library(failure);
}

std::string describe(const Failure& failure) {
  // The library's text shows bytes of the login.
  if (failure.number == plugin_refused) return "5010 the server wants the password in a way that sengu does not allow";
  return failure.number == 0 ? failure.text : std::to_string(failure.number) + " " + failure.text;
}

}  // namespace sengu::health::mysql
