#include "proxy/app/start_summary.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace sengu::proxy {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 3s;  // for nodes that do not answer
constexpr auto poll = 100ms;
constexpr int groups_at_once = 32;

bool has_unseen_node(const health::GroupStatus& status) {
  return std::ranges::any_of(status.nodes, [](const health::NodeStatus& node) {
    return node.health == health::Health::unknown || node.health == health::Health::unconfirmed;
  });
}

std::string replicas_text(const config::GroupSettings& group, const health::GroupStatus& status) {
  std::string replicas;
  for (std::size_t i = 0; i < status.nodes.size(); ++i) {
    if (status.nodes[i].role == health::Role::replica) replicas += (replicas.empty() ? "" : ",") + group.nodes[i].name;
  }
  return replicas.empty() ? "none" : replicas;
}

std::string candidate_text(const config::GroupSettings& group, const health::GroupStatus& status) {
  if (status.candidate) return "a failover would promote " + group.nodes[index(*status.candidate)].name;
  std::string text = "a failover would find no candidate";
  for (const health::Rejection& rejection : status.rejected) {
    text += fmt::format(" {}:{}", group.nodes[index(rejection.node)].name, to_string(rejection.reason));
  }
  return text;
}

}  // namespace

StartSummary::StartSummary(boost::asio::io_context& io, Log& log, const health::ConfiguredGroups& groups, Status status)
    : timer_(io), log_(log), groups_(groups), status_(std::move(status)) {}

void StartSummary::begin() {
  due_ = health::Time::clock::now() + patience;
  go_on();
}

void StartSummary::go_on() {
  health::Duration pause{};
  for (int i = 0; i < groups_at_once && written_ < groups_.size(); ++i) {
    const auto& group = groups_[written_];
    const health::GroupStatus status = status_(group.id);
    if (health::Time::clock::now() < due_ && has_unseen_node(status)) {
      pause = poll;
      break;
    }
    write(*group.settings, status);
    ++written_;
  }
  if (written_ == groups_.size()) return;
  timer_.expires_after(pause);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) go_on();
  });
}

void StartSummary::write(const config::GroupSettings& group, const health::GroupStatus& status) {
  const std::string master = status.master ? group.nodes[index(*status.master)].name : "none";
  log_.log_line(config::LogLevel::info, fmt::format("group {}: route {} ({}), master {}, replicas {}; {}", group.name,
                                                    to_string(status.route), to_string(status.reason), master,
                                                    replicas_text(group, status), candidate_text(group, status)));
}

}  // namespace sengu::proxy
