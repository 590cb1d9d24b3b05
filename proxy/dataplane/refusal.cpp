#include "proxy/dataplane/refusal.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace sengu::proxy {
namespace {

using health::Reason;

std::uint16_t mysql_error(Reason reason) {
  constexpr std::uint16_t too_many_connections = 1040, host_not_privileged = 1130, server_shutdown = 1053;
  if (reason == Reason::too_many_connections || reason == Reason::hold_full) return too_many_connections;
  return reason == Reason::not_allowed ? host_not_privileged : server_shutdown;
}

/// Payload length in three bytes, sequence number 0, 0xff, error number, text (MySQL Internals, "ERR_Packet").
std::string error_packet(std::uint16_t number, const std::string& text) {
  const std::size_t length = text.size() + 3;
  std::string packet;
  for (int shift : {0, 8, 16}) packet += static_cast<char>(length >> shift);
  packet += '\0';
  packet += '\xff';
  packet += static_cast<char>(number);
  packet += static_cast<char>(number >> 8);
  return packet + text;
}

/// True where the group has no master to give: the text then says why. False where one client or one connect is
/// concerned.
bool is_of_the_group(Reason reason) {
  return reason != Reason::too_many_connections && reason != Reason::not_allowed && reason != Reason::stopping &&
         reason != Reason::connect_failed && reason != Reason::node_changed;
}

std::string mysql_text(const config::GroupSettings& group, Reason reason, Reason route) {
  if (!is_of_the_group(reason)) return fmt::format("sengu: {}", describe(reason));
  const bool waited = reason == Reason::hold_timeout && route != Reason::none;
  return fmt::format("sengu: group \"{}\" has no master: {}{}", group.name, describe(waited ? route : reason),
                     waited ? "; waited for hold_timeout" : "");
}

}  // namespace

std::string refusal(const config::GroupSettings& group, Reason reason, Reason route) {
  switch (group.kind) {
    case config::Kind::redis: return fmt::format("-ERR sengu: {}\r\n", describe(reason));
    case config::Kind::mysql: return error_packet(mysql_error(reason), mysql_text(group, reason, route));
    case config::Kind::tcp: return {};
  }
  return {};
}

}  // namespace sengu::proxy
