// The verbs by which an operator asks something of a group: one table, of which the admin port and the command line are made. A new
// verb is a Wish (health/model/wish.hpp), what the core does about it (health/core/group/wishes.cpp), and a row here.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "health/model/wish.hpp"

namespace sengu::proxy {

/// What a verb takes behind its group: "TO NODE" on the admin port, "--to NODE" on the command line.
struct OrderOption {
  std::string_view word;   // in small letters
  std::string_view value;  // what stands behind it, in capitals; "NODE" must be one of the group's. Empty: nothing does
  std::string_view help;
};

/// What was said behind the group.
struct OrderArguments {
  std::map<std::string_view, std::string> values;   // by the option's word
  std::optional<health::NodeId> node;               // that the value NODE named

  bool has(std::string_view word) const { return values.contains(word); }
};

struct OrderVerb {
  enum class Groups : std::uint8_t { one, one_or_all };

  std::string_view word;      // in small letters
  Groups groups;
  std::span<const OrderOption> options;
  std::string_view help;      // HELP of the admin port
  std::string_view cli_help;  // --help
  std::string_view example;   // of the command line
  std::string_view done;      // what is said of all groups: "paused 3 groups"
  health::Wish (*wish)(const OrderArguments&);
};

std::span<const OrderVerb> order_verbs();

/// "FAILOVER GROUP [TO NODE] [ACCEPT-LOSS]".
std::string order_usage(const OrderVerb& verb);
/// The most words that it may have, with its own.
std::size_t most_order_words(const OrderVerb& verb);

/// Reads what stands behind the group; letters are compared without case, each option may stand once. None where that is no such
/// list. A node is not looked for yet.
std::optional<OrderArguments> read_order(const OrderVerb& verb, std::span<const std::string> words);
/// The word behind the option that names a node; none where no node was named.
std::optional<std::string> named_node(const OrderVerb& verb, const OrderArguments& arguments);

}  // namespace sengu::proxy
