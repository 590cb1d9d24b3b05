// Finds other deciders in CLIENT LIST: connections of another sengu, and of Sentinels, known by their names
// (RULES §7.3). Pure. Understands Redis 5 to 8 and Valkey, whose lines keep the fields of Redis 5.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sengu::health::redis {

/// Which connections of our own name are ours: those that come from these addresses, as the server writes them
/// ("10.0.0.1:4711", "[fd00::1]:4711").
struct OwnConnections {
  std::string name;                    // what we say in CLIENT SETNAME
  std::vector<std::string> addresses;  // of the asking connection first, then of the kept ones
};

/// Each as "<name>@<address without port>", once, in order of appearance. A Sentinel's two connections are one
/// ("sentinel-1f0c2a9b-cmd", "-pubsub": sentinel.c, sentinelSetClientName).
///  - A connection that was silent for 15 s belongs to a process that is gone: a Sentinel pings each second, a sengu
///    asks each interval, and a host that went down leaves its connections behind.
///  - Two processes may run under one name (the default is the host's). A stranger of our own name counts once it is
///  older
///    than any step of ours, and only where the server sees our addresses as we do (no NAT between).
std::vector<std::string> find_deciders(std::string_view client_list, const OwnConnections& own);

}  // namespace sengu::health::redis
