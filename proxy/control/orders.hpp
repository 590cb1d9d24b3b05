// The verbs by which an operator asks something of a group, in one table. The admin port and the command line are made
// of this table. A new verb takes a Wish (health/model/wish.hpp), what the core does about the wish
// (health/core/group/wishes.cpp), and a row in this table.
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
  std::string_view value;  // its value's name, in capitals; "NODE" must be a node of the group. Empty: takes no value
  std::string_view help;
};

/// What was said behind the group.
struct OrderArguments {
  std::map<std::string_view, std::string> values;  // by the option's word
  std::string object;                              // the node's name, where the verb takes one
  std::optional<health::NodeId> node;              // that was named, here or as the value NODE of an option

  bool has(std::string_view word) const { return values.contains(word); }
};

struct OrderVerb {
  /// What is named behind the verb: a group, a group or all of them, or a group and a node of it.
  enum class Object : std::uint8_t { group, group_or_all, node };

  std::string_view word;  // in small letters
  Object object;
  std::span<const OrderOption> options;
  std::string_view help;      // HELP of the admin port
  std::string_view cli_help;  // --help
  std::string_view example;   // of the command line
  std::string_view done;      // what is said of all groups: "paused 3 groups"
  health::Wish (*wish)(const OrderArguments&);
};

std::span<const OrderVerb> order_verbs();

/// "FAILOVER GROUP [TO NODE] [ACCEPT-LOSS]", "REJOIN GROUP NODE [WIPE]".
std::string order_usage(const OrderVerb& verb);
/// The least and the most words that an order with this verb may have, the verb included.
std::size_t least_order_words(const OrderVerb& verb);
std::size_t most_order_words(const OrderVerb& verb);

/// Reads what stands behind the group: the node where the verb takes one, then the options; letters are compared
/// without case, each option may stand once. None where the words are no list of the verb's options. Does not look for
/// a node yet.
std::optional<OrderArguments> read_order(const OrderVerb& verb, std::span<const std::string> words);
/// The word that names a node; none where no node was named.
std::optional<std::string> named_node(const OrderVerb& verb, const OrderArguments& arguments);

}  // namespace sengu::proxy
