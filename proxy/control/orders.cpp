#include "proxy/control/orders.hpp"

#include <algorithm>
#include <array>

namespace sengu::proxy {
namespace {

using Object = OrderVerb::Object;

constexpr std::string_view a_node = "NODE";

constexpr std::array failover_options{
    OrderOption{"to", a_node, "Promote this node"},
    OrderOption{"accept-loss", "", "Also where acknowledged writes would be lost"},
};

health::Wish failover(const OrderArguments& arguments) {
  const bool accepted = arguments.has("accept-loss");
  return health::FailoverWish{arguments.node,
                              accepted ? health::LossPolicy::accept_loss : health::LossPolicy::keep_writes};
}

constexpr std::array rejoin_options{OrderOption{"wipe", "", "Give up the data that the node holds"}};

/// Requires a node.
health::Wish rejoin(const OrderArguments& arguments) {
  return health::RejoinWish{*arguments.node, arguments.has("wipe")};
}

health::Wish pause(const OrderArguments&) { return health::PauseWish{}; }
health::Wish resume(const OrderArguments&) { return health::ResumeWish{}; }

constexpr std::array verbs{
    OrderVerb{"failover", Object::group, failover_options, "promote the best eligible replica now",
              "Promote the best eligible replica now, also when the master lives; fences first",
              "sengu failover sessions --to redis02", "", failover},
    OrderVerb{"rejoin", Object::node, rejoin_options, "let the node follow the master again",
              "Let a node follow the master again that sengu leaves alone", "sengu rejoin sessions redis02 --wipe", "",
              rejoin},
    OrderVerb{"pause",
              Object::group_or_all,
              {},
              "no automatic action; routing goes on",
              "No automatic action for a group; routing goes on",
              "sengu pause all",
              "paused",
              pause},
    OrderVerb{"resume",
              Object::group_or_all,
              {},
              "automatic action again",
              "Automatic action again",
              "sengu resume sessions",
              "resumed",
              resume},
};

std::string upper(std::string_view word) {
  std::string text(word);
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

std::span<const OrderVerb> order_verbs() { return verbs; }

std::string order_usage(const OrderVerb& verb) {
  std::string usage = upper(verb.word) + (verb.object == Object::group_or_all ? " GROUP|ALL" : " GROUP");
  if (verb.object == Object::node) usage += " NODE";
  for (const auto& option : verb.options) {
    usage += " [" + upper(option.word) + (option.value.empty() ? "" : " " + std::string(option.value)) + "]";
  }
  return usage;
}

std::size_t least_order_words(const OrderVerb& verb) { return verb.object == Object::node ? 3 : 2; }

std::size_t most_order_words(const OrderVerb& verb) {
  std::size_t most = least_order_words(verb);
  for (const auto& option : verb.options) most += option.value.empty() ? 1 : 2;
  return most;
}

std::optional<OrderArguments> read_order(const OrderVerb& verb, std::span<const std::string> words) {
  OrderArguments arguments;
  if (verb.object == Object::node) {
    if (words.empty()) return std::nullopt;
    arguments.object = words.front();
    words = words.subspan(1);
  }
  while (!words.empty()) {
    const auto option =
        std::ranges::find_if(verb.options, [&](const auto& one) { return upper(one.word) == upper(words.front()); });
    const std::size_t taken = option != verb.options.end() && !option->value.empty() ? 2 : 1;
    if (option == verb.options.end() || words.size() < taken) return std::nullopt;
    const bool first = arguments.values.emplace(option->word, taken == 2 ? words[1] : std::string()).second;
    if (!first) return std::nullopt;
    words = words.subspan(taken);
  }
  return arguments;
}

std::optional<std::string> named_node(const OrderVerb& verb, const OrderArguments& arguments) {
  if (verb.object == Object::node) return arguments.object;
  for (const auto& option : verb.options) {
    if (option.value == a_node && arguments.has(option.word)) return arguments.values.at(option.word);
  }
  return std::nullopt;
}

}  // namespace sengu::proxy
