// See counters.hpp.
#include "proxy/dataplane/counters.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sengu::proxy {
namespace {

constexpr std::array known_accept_errors{EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EPERM, EPROTO, 0};

std::string name_of(int error) {
  const char* name = error == 0 ? nullptr : strerrorname_np(error);
  return name == nullptr ? "other" : name;
}

void add_reasons(const std::array<Counter, health::reason_count>& from, std::map<health::Reason, std::uint64_t>& to) {
  for (std::size_t i = 0; i < from.size(); ++i)
    if (const auto count = from[i].value(); count != 0) to[static_cast<health::Reason>(i)] += count;
}

}  // namespace

void GroupCounters::connected_after(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = std::lower_bound(duration_buckets.begin(), duration_buckets.end(), seconds);
  connect_buckets_[static_cast<std::size_t>(bucket - duration_buckets.begin())].add(1);
  connect_nanoseconds_.add(static_cast<std::uint64_t>(duration.count()));
}

void GroupCounters::add_to(GroupTraffic& traffic) const {
  for (std::size_t i = 0; i < sessions_total.size(); ++i) traffic.nodes[i].sessions_total += sessions_total[i].value();
  add_reasons(cut, traffic.cut);
  add_reasons(refused, traffic.refused);
  traffic.bytes_client_to_server += bytes_client_to_server.value();
  traffic.bytes_server_to_client += bytes_server_to_client.value();
  for (std::size_t i = 0; i < connect_buckets_.size(); ++i)
    traffic.connect_duration.counts[i] += connect_buckets_[i].value();
  traffic.connect_duration.sum_seconds += static_cast<double>(connect_nanoseconds_.value()) * 1e-9;
}

WorkerCounters::WorkerCounters(const health::ConfiguredGroups& groups) {
  for (const auto& group : groups) groups_.emplace_back(group.settings->nodes.size());
  for (const int error : known_accept_errors) accept_errors_.emplace_back().error = error;
}

void WorkerCounters::accept_failed(int error) {
  for (auto& known : accept_errors_)
    if (known.error == error || known.error == 0) return known.count.add(1);
}

void WorkerCounters::add_accept_errors(std::map<std::string, std::uint64_t>& to) const {
  for (const auto& known : accept_errors_)
    if (const auto count = known.count.value(); count != 0) to[name_of(known.error)] += count;
}

SharedCounts::SharedCounts(const health::ConfiguredGroups& configured, ClientLimits most) : limits(most) {
  for (const auto& group : configured) groups.emplace_back(group.settings->nodes.size());
}

void SharedGroupCounts::add_to(GroupTraffic& traffic) const {
  traffic.parked = parked.load(std::memory_order_relaxed);
  for (std::size_t node = 0; node < traffic.nodes.size(); ++node)
    traffic.nodes[node].sessions = node_sessions[node].load(std::memory_order_relaxed);
}

bool take_place(std::atomic<std::size_t>& taken, std::size_t limit) {
  if (taken.fetch_add(1, std::memory_order_relaxed) < limit) return true;
  taken.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

}  // namespace sengu::proxy
