// See metrics.hpp. One function per subject; each fills families that it names itself.
#include "proxy/view/metrics.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <prometheus/text_serializer.h>

namespace sengu::proxy {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;
using Families = std::vector<MetricFamily>;

MetricFamily family(std::string name, std::string help, MetricType type) {
  MetricFamily made;
  made.name = std::move(name);
  made.help = std::move(help);
  made.type = type;
  return made;
}
MetricFamily gauge(std::string name, std::string help) {
  return family(std::move(name), std::move(help), MetricType::Gauge);
}
MetricFamily counter(std::string name, std::string help) {
  return family(std::move(name), std::move(help), MetricType::Counter);
}
MetricFamily histogram(std::string name, std::string help) {
  return family(std::move(name), std::move(help), MetricType::Histogram);
}

ClientMetric::Label label(std::string_view name, std::string_view value) {
  return {std::string(name), std::string(value)};
}

template <class Value>
void add(MetricFamily& to, Labels labels, Value value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (to.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = static_cast<double>(value);
  to.metric.push_back(std::move(metric));
}

void add(MetricFamily& to, Labels labels, const DurationHistogram& durations) {
  ClientMetric metric;
  metric.label = std::move(labels);
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < durations.counts.size(); ++at) {
    sum += durations.counts[at];
    const double bound = at < duration_buckets.size() ? duration_buckets[at] : std::numeric_limits<double>::infinity();
    ClientMetric::Bucket bucket;
    bucket.cumulative_count = sum;
    bucket.upper_bound = bound;
    metric.histogram.bucket.push_back(bucket);
  }
  metric.histogram.sample_count = sum;
  metric.histogram.sample_sum = durations.sum_seconds;
  to.metric.push_back(std::move(metric));
}

void move_into(Families& families, std::initializer_list<MetricFamily*> made) {
  for (auto* one : made) families.push_back(std::move(*one));
}

double unix_seconds(std::chrono::system_clock::time_point then) {
  return std::chrono::duration<double>(then.time_since_epoch()).count();
}

std::string node_name(const GroupView& view, std::size_t node) {
  return node < view.settings->nodes.size() ? view.settings->nodes[node].name : std::to_string(node);
}

void describe_groups(const Snapshot& snapshot, Families& families) {
  auto master_up = gauge("sengu_group_master_up", "1 while the group has a routed master.");
  auto candidate = gauge("sengu_group_candidate", "1 while a failover would find a candidate now.");
  auto epoch = gauge("sengu_group_epoch", "Grows by one with each change of master.");
  auto route = gauge("sengu_group_route", "1 for the state the route is in.");
  auto paused = gauge("sengu_group_paused", "1 while the operator paused automatic actions.");
  auto last_switch =
      gauge("sengu_group_last_switch_timestamp_seconds", "When the master last changed; 0 = not since start.");
  for (const auto& view : snapshot.groups) {
    const auto& status = view.status;
    const auto group = label("group", view.settings->name);
    const bool up = status.route == health::RouteState::open && status.master.has_value();
    add(master_up, {group}, up ? 1 : 0);
    add(candidate, {group}, status.candidate ? 1 : 0);
    add(epoch, {group}, status.epoch);
    for (const auto state : {health::RouteState::open, health::RouteState::held, health::RouteState::closed})
      add(route, {group, label("state", to_string(state))}, status.route == state ? 1 : 0);
    add(paused, {group}, status.paused ? 1 : 0);
    add(last_switch, {group}, view.counts.last_switch ? unix_seconds(*view.counts.last_switch) : 0);
  }
  move_into(families, {&master_up, &candidate, &epoch, &route, &paused, &last_switch});
}

void describe_nodes(const Snapshot& snapshot, Families& families) {
  auto up = gauge("sengu_node_up", "1 while the node answers its probes well.");
  auto role = gauge("sengu_node_role", "1 for the role the node has.");
  auto lag_bytes = gauge("sengu_node_lag_bytes", "Bytes behind the master's last seen offset.");
  auto lag_seconds = gauge("sengu_node_lag_seconds", "Age of the last sign of the master's link.");
  for (const auto& view : snapshot.groups)
    for (std::size_t at = 0; at < view.status.nodes.size(); ++at) {
      const auto& node = view.status.nodes[at];
      const Labels labels{label("group", view.settings->name), label("node", node_name(view, at))};
      add(up, labels, node.health == health::Health::up ? 1 : 0);
      for (const auto one : {health::Role::master, health::Role::replica, health::Role::unknown}) {
        auto with_role = labels;
        with_role.push_back(label("role", to_string(one)));
        add(role, std::move(with_role), node.role == one ? 1 : 0);
      }
      if (node.lag_bytes) add(lag_bytes, labels, *node.lag_bytes);
      if (node.lag_seconds) add(lag_seconds, labels, *node.lag_seconds);
    }
  move_into(families, {&up, &role, &lag_bytes, &lag_seconds});
}

void describe_control(const Snapshot& snapshot, Families& families) {
  auto probes = histogram("sengu_probe_duration_seconds", "How long the probes of a group took.");
  auto failures = counter("sengu_probe_failures_total", "Probes that did not end well, by how they ended.");
  auto failovers = counter("sengu_failovers_total", "Failovers by why they began and how they ended.");
  auto durations = histogram("sengu_failover_duration_seconds",
                             "From the decision to the routed new master; aborted and resumed ones are not in it.");
  auto lost = counter("sengu_lost_write_bytes_total", "Writes that a returned master had and the new one has not.");
  auto transactions = counter("sengu_lost_write_transactions_total",
                              "Transactions that a returned MySQL master had and the new one has not.");
  for (const auto& view : snapshot.groups) {
    const auto group = label("group", view.settings->name);
    add(probes, {group}, view.counts.probe_duration);
    for (const auto& [key, count] : view.counts.probe_failures)
      add(failures,
          {group, label("node", node_name(view, health::index(key.first))), label("outcome", to_string(key.second))},
          count);
    for (const auto& [key, count] : view.counts.failovers)
      add(failovers, {group, label("reason", to_string(key.first)), label("result", key.second)}, count);
    add(durations, {group}, view.counts.failover_duration);
    add(lost, {group}, view.counts.lost_write_bytes);
    add(transactions, {group}, view.counts.lost_write_transactions);
  }
  move_into(families, {&probes, &failures, &failovers, &durations, &lost, &transactions});
}

void describe_traffic(const Snapshot& snapshot, Families& families) {
  auto connects = histogram("sengu_connect_duration_seconds", "How long connecting to a node took.");
  auto sessions = gauge("sengu_sessions", "Sessions now.");
  auto total = counter("sengu_sessions_total", "Sessions since start.");
  auto parked = gauge("sengu_sessions_parked", "Clients that wait while the route is held.");
  auto cut = counter("sengu_sessions_cut_total", "Sessions that were cut, by why.");
  auto refused = counter("sengu_sessions_refused_total", "Clients that were refused, by why.");
  auto bytes = counter("sengu_bytes_total", "Bytes relayed.");
  for (const auto& view : snapshot.groups) {
    const auto& traffic = view.traffic;
    const auto group = label("group", view.settings->name);
    add(connects, {group}, traffic.connect_duration);
    for (std::size_t at = 0; at < traffic.nodes.size(); ++at) {
      const Labels labels{group, label("node", node_name(view, at))};
      add(sessions, labels, traffic.nodes[at].sessions);
      add(total, labels, traffic.nodes[at].sessions_total);
    }
    add(parked, {group}, traffic.parked);
    for (const auto& [reason, count] : traffic.cut) add(cut, {group, label("reason", to_string(reason))}, count);
    for (const auto& [reason, count] : traffic.refused)
      add(refused, {group, label("reason", to_string(reason))}, count);
    add(bytes, {group, label("direction", "client_to_server")}, traffic.bytes_client_to_server);
    add(bytes, {group, label("direction", "server_to_client")}, traffic.bytes_server_to_client);
  }
  move_into(families, {&connects, &sessions, &total, &parked, &cut, &refused, &bytes});
}

void describe_proxy(const Snapshot& snapshot, Families& families) {
  auto build = gauge("sengu_build_info", "Always 1; the version is in the label.");
  add(build, {label("version", SENGU_VERSION)}, 1);
  auto accept_errors = counter("sengu_accept_errors_total", "Connections that could not be accepted, by errno name.");
  for (const auto& [name, count] : snapshot.accept_errors) add(accept_errors, {label("reason", name)}, count);
  auto tilt = gauge("sengu_tilt", "1 while the clock jumped: observe, don't act.");
  add(tilt, {}, std::ranges::any_of(snapshot.groups, [](const auto& view) { return view.status.tilt; }) ? 1 : 0);
  auto journal = gauge("sengu_journal_ok", "1 while the journal of every group can be written.");
  add(journal, {},
      std::ranges::all_of(snapshot.groups, [](const auto& view) { return view.status.journal_ok; }) ? 1 : 0);
  auto delay = histogram("sengu_control_loop_delay_seconds", "How late the control thread came to its work.");
  add(delay, {}, snapshot.control_loop_delay);
  auto dropped = counter("sengu_log_dropped_total", "Log lines that were dropped because the queue was full.");
  add(dropped, {}, snapshot.log_dropped);
  move_into(families, {&build, &accept_errors, &tilt, &journal, &delay, &dropped});
}

void describe_process(const ProcessFacts& process, Families& families) {
  auto cpu = counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
  add(cpu, {}, process.cpu_seconds);
  families.push_back(std::move(cpu));
  const std::array<std::tuple<const char*, const char*, double>, 6> gauges{{
      {"process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
       process.start_time_seconds},
      {"process_resident_memory_bytes", "Resident memory size in bytes.", process.resident_bytes},
      {"process_virtual_memory_bytes", "Virtual memory size in bytes.", process.virtual_bytes},
      {"process_open_fds", "Number of open file descriptors.", process.open_fds},
      {"process_max_fds", "Maximum number of open file descriptors.", process.max_fds},
      {"process_threads", "Number of threads of the process.", process.threads},
  }};
  for (const auto& [name, help, value] : gauges) {
    auto made = gauge(name, help);
    add(made, {}, value);
    families.push_back(std::move(made));
  }
}

}  // namespace

std::vector<MetricFamily> metric_families(const Snapshot& snapshot, const ProcessFacts& process) {
  Families families;
  describe_proxy(snapshot, families);
  describe_groups(snapshot, families);
  describe_nodes(snapshot, families);
  describe_control(snapshot, families);
  describe_traffic(snapshot, families);
  describe_process(process, families);
  return families;
}

std::string metrics_text(const Snapshot& snapshot, const ProcessFacts& process) {
  return prometheus::TextSerializer().Serialize(metric_families(snapshot, process));
}

}  // namespace sengu::proxy
