// The operator's words of the admin port: what is shown, and what is asked of the running program.
#include <algorithm>
#include <charconv>
#include <memory>
#include <span>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "config/base/assert.hpp"
#include "config/base/printable.hpp"
#include "proxy/admin/words.hpp"
#include "proxy/control/orders.hpp"
#include "proxy/events/documents.hpp"
#include "proxy/view/documents.hpp"
#include "proxy/view/status_text.hpp"

namespace sengu::proxy::admin {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct EventsQuery {
  std::size_t count = 100;
  std::uint64_t after = 0;
  EventForm form = EventForm::text;
  AfterReply then = AfterReply::keep;
};

std::optional<EventsQuery> parse_events(const Arguments& words) {
  EventsQuery query;
  for (std::size_t at = 1; at < words.size(); ++at) {
    if (same_word(words[at], "JSON")) {
      query.form = EventForm::json;
    } else if (same_word(words[at], "FOLLOW")) {
      query.then = AfterReply::follow;
    } else if ((same_word(words[at], "COUNT") || same_word(words[at], "AFTER")) && at + 1 < words.size()) {
      const auto value = number(words[at + 1]);
      if (!value) return std::nullopt;
      if (same_word(words[at], "COUNT")) query.count = static_cast<std::size_t>(*value);
      else query.after = *value;
      ++at;
    } else {
      return std::nullopt;
    }
  }
  return query;
}

AdminAnswer reply_done(Protocol protocol, const std::string& text) {
  AdminReply reply(protocol);
  reply.simple(text.empty() ? "OK" : printable(text));
  return {reply.take(), AfterReply::keep, EventForm::text};
}

AdminAnswer reply_refused(Protocol protocol, const std::string& text) {
  AdminReply reply(protocol);
  reply.error("ERR " + printable(text));
  return {reply.take(), AfterReply::keep, EventForm::text};
}

void submit(const AdminCall& call, health::GroupId group, const health::Wish& wish) {
  call.operations.submit(
      group, wish, [protocol = call.client.protocol, answered = call.answered](const health::WishOutcome& outcome) {
        answered(outcome.done() ? reply_done(protocol, outcome.text) : reply_refused(protocol, outcome.text));
      });
}

/// Asks the same of every group and answers once, when the last is done.
void submit_to_all(const AdminCall& call, const health::Wish& wish, std::string_view done_word) {
  struct Gathered {
    std::size_t missing;
    std::size_t done = 0;
    std::string refused;
  };
  const auto& groups = call.operations.groups();
  const auto protocol = call.client.protocol;
  if (groups.empty()) return call.answered(reply_done(protocol, "OK no groups"));
  // Shared by the answers of the groups only, all on the control thread.
  const auto gathered = std::make_shared<Gathered>(Gathered{groups.size(), 0, {}});
  for (const auto& group : groups) {
    const auto done = [gathered, protocol, answered = call.answered, word = std::string(done_word),
                       name = group.settings->name](const health::WishOutcome& outcome) {
      if (outcome.done()) ++gathered->done;
      else gathered->refused += fmt::format("{}{}: {}", gathered->refused.empty() ? "" : "; ", name, outcome.text);
      if (--gathered->missing > 0) return;
      const auto summary = fmt::format("{} {} group{}", word, gathered->done, gathered->done == 1 ? "" : "s");
      answered(gathered->refused.empty() ? reply_done(protocol, "OK " + summary)
                                         : reply_refused(protocol, summary + "; refused: " + gathered->refused));
    };
    call.operations.submit(group.id, wish, done);
  }
}

const OrderVerb& verb_of(const AdminCall& call) {
  const auto verbs = order_verbs();
  const auto found =
      std::ranges::find_if(verbs, [&](const auto& verb) { return same_word(verb.word, call.arguments.front()); });
  SENGU_ASSERT(found != verbs.end());  // the row of the table was made of it
  return *found;
}

}  // namespace

void status(AdminCall call) {
  const auto& words = call.arguments;
  const bool json = words.size() > 1 && same_word(words.back(), "JSON");
  const auto rest = words.size() - (json ? 1 : 0);
  if (rest > 2) return answer_error(call, "ERR syntax error; usage: STATUS [GROUP] [JSON]");
  std::optional<health::ConfiguredGroup> group;
  if (rest == 2) {
    group = find_group(call.operations, words[1]);
    if (!group) return answer_error(call, unknown_group(call.operations, words[1]));
  }
  const auto document = groups_document(group ? call.operations.snapshot_of(group->id) : call.operations.snapshot());
  AdminReply reply(call.client.protocol);
  if (json) reply.bulk(boost::json::serialize(document));
  else reply.document(status_text(document, Colour::off));
  answer(call, reply);
}

void events(AdminCall call) {
  const auto query = parse_events(call.arguments);
  if (!query) return answer_error(call, "ERR syntax error; usage: EVENTS [COUNT n] [AFTER id] [JSON] [FOLLOW]");
  const auto& history = std::as_const(call.operations).events();
  if (query->then == AfterReply::follow) {
    std::string bytes;
    for (const auto& event : select_events(history, query->after, query->count))
      bytes += event_reply(event, query->form, call.client.protocol);
    return call.answered({std::move(bytes), AfterReply::follow, query->form});
  }
  AdminReply reply(call.client.protocol);
  if (query->form == EventForm::json) {
    reply.bulk(boost::json::serialize(events_document(history, query->after, query->count)));
  } else {
    const auto chosen = select_events(history, query->after, query->count);
    reply.array(chosen.size());
    for (const auto& event : chosen) reply.bulk(event_line(event));
  }
  answer(call, reply);
}

void order(AdminCall call) {
  const OrderVerb& verb = verb_of(call);
  const auto& name = call.arguments[1];
  auto read = read_order(verb, std::span(call.arguments).subspan(2));
  if (!read) return answer_error(call, "ERR syntax error; usage: " + order_usage(verb));
  const auto group = find_group(call.operations, name);
  const bool all = !group && verb.object == OrderVerb::Object::group_or_all && same_word(name, "ALL");
  if (all) return submit_to_all(call, verb.wish(*read), verb.done);
  if (!group) return answer_error(call, unknown_group(call.operations, name));
  if (const auto node = named_node(verb, *read)) {
    read->node = find_node(*group->settings, *node);
    if (!read->node) return answer_error(call, unknown_node(*group->settings, *node));
  }
  submit(call, group->id, verb.wish(*read));
}

}  // namespace sengu::proxy::admin
