// The functions behind the rows of the admin tables (command.cpp), and the few things they share.
// For the files of this folder. Which word calls which, and with what privilege, stands in the table alone.
#pragma once

#include <optional>

#include "proxy/admin/command.hpp"

namespace sengu::proxy::admin {

// words of the connection (log_in.cpp)
void auth(AdminCall call);
void hello(AdminCall call);
void ping(AdminCall call);
void quit(AdminCall call);
void client(AdminCall call);
void command(AdminCall call);

// the operator's words (operate.cpp)
void status(AdminCall call);
void events(AdminCall call);
void order(AdminCall call);  // each verb of proxy/control/orders.hpp

// Sentinel's words (sentinel.cpp)
void info(AdminCall call);
void role(AdminCall call);
void sentinel_master_address(AdminCall call);
void sentinel_masters(AdminCall call);
void sentinel_master(AdminCall call);
void sentinel_replicas(AdminCall call);

// names.cpp
/// Letters compared without case, as Redis compares its words.
bool same_word(std::string_view left, std::string_view right);
std::string upper(std::string_view word);

void answer(const AdminCall& call, AdminReply& reply);
void answer_error(const AdminCall& call, std::string_view text);  // with its code word: "ERR ..."

std::optional<health::ConfiguredGroup> find_group(const Operations& operations, std::string_view name);
std::optional<health::NodeId> find_node(const config::GroupSettings& group, std::string_view name_or_address);
std::string unknown_group(const Operations& operations, std::string_view name);
std::string unknown_node(const config::GroupSettings& group, std::string_view name);

}  // namespace sengu::proxy::admin
