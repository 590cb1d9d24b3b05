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
  std::optional<health::NodeId> node;              // that the value NODE named

  bool has(std::string_view word) const { return values.contains(word); }
};

struct OrderVerb {
  enum class Groups : std::uint8_t { one, one_or_all };

  std::string_view word;  // in small letters
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
/// The most words that an order with this verb may have, the verb included.
std::size_t most_order_words(const OrderVerb& verb);

/// Reads the options behind the group; letters are compared without case, each option may stand once. None where the
/// words are no list of the verb's options. Does not look for a node yet.
std::optional<OrderArguments> read_order(const OrderVerb& verb, std::span<const std::string> words);
/// The word behind the option that names a node; none where no node was named.
std::optional<std::string> named_node(const OrderVerb& verb, const OrderArguments& arguments);

}  // namespace sengu::proxy
