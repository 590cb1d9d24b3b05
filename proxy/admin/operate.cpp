// The operator's words of the admin port: what is shown, and what is asked of the running program.
#include <charconv>
#include <memory>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "config/base/printable.hpp"
#include "proxy/admin/words.hpp"
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

struct FailoverQuery {
  std::optional<std::string> to;
  bool accept_loss = false;
};

std::optional<FailoverQuery> parse_failover(const Arguments& words) {
  FailoverQuery query;
  for (std::size_t at = 2; at < words.size(); ++at) {
    if (same_word(words[at], "ACCEPT-LOSS") && !query.accept_loss) {
      query.accept_loss = true;
    } else if (same_word(words[at], "TO") && at + 1 < words.size() && !query.to) {
      query.to = words[++at];
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
  call.operations.submit(group, wish, [protocol = call.client.protocol, answered = call.answered](const health::WishOutcome& outcome) {
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
  const auto groups = call.operations.settings().groups.size();
  const auto protocol = call.client.protocol;
  if (groups == 0) return call.answered(reply_done(protocol, "OK no groups"));
  // Shared by the answers of the groups only, all on the control thread.
  const auto gathered = std::make_shared<Gathered>(Gathered{groups, 0, {}});
  for (std::size_t at = 0; at < groups; ++at) {
    const auto done = [gathered, protocol, answered = call.answered, word = std::string(done_word),
                       name = call.operations.settings().groups[at].name](const health::WishOutcome& outcome) {
      if (outcome.done()) ++gathered->done;
      else gathered->refused += fmt::format("{}{}: {}", gathered->refused.empty() ? "" : "; ", name, outcome.text);
      if (--gathered->missing > 0) return;
      const auto summary = fmt::format("{} {} group{}", word, gathered->done, gathered->done == 1 ? "" : "s");
      answered(gathered->refused.empty() ? reply_done(protocol, "OK " + summary)
                                         : reply_refused(protocol, summary + "; refused: " + gathered->refused));
    };
    call.operations.submit(static_cast<health::GroupId>(at), wish, done);
  }
}

/// VERB GROUP|ALL.
void submit_to_named(const AdminCall& call, const health::Wish& wish, std::string_view done_word) {
  const auto& name = call.arguments[1];
  const auto group = find_group(call.operations.settings(), name);
  if (group) return submit(call, *group, wish);
  if (same_word(name, "ALL")) return submit_to_all(call, wish, done_word);
  answer_error(call, unknown_group(call.operations.settings(), name));
}

}  // namespace

void status(AdminCall call) {
  const auto& words = call.arguments;
  const bool json = words.size() > 1 && same_word(words.back(), "JSON");
  const auto rest = words.size() - (json ? 1 : 0);
  if (rest > 2) return answer_error(call, "ERR syntax error; usage: STATUS [GROUP] [JSON]");
  std::optional<health::GroupId> group;
  if (rest == 2) {
    group = find_group(call.operations.settings(), words[1]);
    if (!group) return answer_error(call, unknown_group(call.operations.settings(), words[1]));
  }
  const auto document = groups_document(group ? call.operations.snapshot_of(*group) : call.operations.snapshot());
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

void failover(AdminCall call) {
  const auto& settings = call.operations.settings();
  const auto query = parse_failover(call.arguments);
  if (!query) return answer_error(call, "ERR syntax error; usage: FAILOVER GROUP [TO NODE] [ACCEPT-LOSS]");
  const auto group = find_group(settings, call.arguments[1]);
  if (!group) return answer_error(call, unknown_group(settings, call.arguments[1]));
  std::optional<health::NodeId> node;
  if (query->to) {
    const auto& group_settings = settings.groups[health::index(*group)];
    node = find_node(group_settings, *query->to);
    if (!node) return answer_error(call, unknown_node(group_settings, *query->to));
  }
  const auto loss = query->accept_loss ? health::LossPolicy::accept_loss : health::LossPolicy::keep_writes;
  submit(call, *group, health::FailoverWish{node, loss});
}

void pause(AdminCall call) { submit_to_named(call, health::PauseWish{}, "paused"); }
void resume(AdminCall call) { submit_to_named(call, health::ResumeWish{}, "resumed"); }

}  // namespace sengu::proxy::admin
