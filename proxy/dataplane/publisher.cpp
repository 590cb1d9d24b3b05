#include "proxy/dataplane/publisher.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "config/base/assert.hpp"

namespace sengu::proxy {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// If check() runs so late the process itself was held up (stopped, RULES §2.3): the workers get the whole time again.
constexpr auto late = 100ms;

[[noreturn]] void abort_process(std::string_view what) {
  std::fprintf(stderr, "sengu: %.*s; ending the process, which is the cut\n", static_cast<int>(what.size()),
               what.data());
  std::abort();
}

}  // namespace

std::shared_ptr<const RoutingTable> first_table(const health::ConfiguredGroups& groups) {
  auto table = std::make_shared<RoutingTable>();
  for (const auto& group : groups) {
    GroupRoute closed{{}, group.settings};
    closed.route.readers.resize(group.settings->nodes.size());
    table->groups.push_back(std::move(closed));
  }
  return table;
}

Publisher::Publisher(boost::asio::io_context& control, std::span<const std::unique_ptr<Worker>> workers,
                     std::shared_ptr<const RoutingTable> first, AckLimit limit)
    : control_(control), workers_(workers), table_(std::move(first)), limit_(std::move(limit)), timer_(control) {
  SENGU_ASSERT(!workers_.empty());
  if (!limit_.missed) limit_.missed = abort_process;
}

void Publisher::publish(health::GroupId group, const health::Route& route, std::function<void()> acknowledged) {
  auto next = std::make_shared<RoutingTable>(*table_);
  next->serial = table_->serial + 1;
  GroupRoute changed = table_->groups[health::index(group)];
  changed.route = route;
  next->groups.replace(health::index(group), std::move(changed));
  table_ = std::move(next);
  waiting_.push_back({table_->serial, group, workers_.size(), Clock::now() + limit_.time, std::move(acknowledged)});
  for (const auto& worker : workers_) {
    worker->post_table(table_, group, [this, serial = table_->serial] {
      boost::asio::post(control_, [this, serial] { answered(serial); });
    });
  }
  if (waiting_.size() == 1) arm();
}

void Publisher::answered(std::uint64_t serial) {
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& w) { return w.serial == serial; });
  if (found == waiting_.end() || --found->missing != 0) return;
  const auto acknowledged = std::move(found->acknowledged);
  waiting_.erase(found);
  arm();
  if (acknowledged) acknowledged();
}

void Publisher::retire() {
  waiting_.clear();
  timer_.cancel();
}

void Publisher::arm() {
  timer_.cancel();
  if (waiting_.empty()) return;
  timer_.expires_at(waiting_.front().deadline);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) check();
  });
}

void Publisher::check() {
  if (waiting_.empty()) return;
  const health::Time now = Clock::now();
  Waiting& first = waiting_.front();
  if (now < first.deadline) return arm();
  if (now - first.deadline > late) {
    for (auto& waiting : waiting_) waiting.deadline = now + limit_.time;
    return arm();
  }
  const auto what =
      fmt::format("{} of {} workers did not acknowledge the route of group {} within {} ms", first.missing,
                  workers_.size(), table_->groups[health::index(first.group)].settings->name, limit_.time.count());
  waiting_.pop_front();
  arm();
  limit_.missed(what);
}

}  // namespace sengu::proxy
