#include "proxy/dataplane/data_plane.hpp"

#include <algorithm>
#include <numeric>
#include <thread>

namespace sengu::proxy {
namespace {

std::vector<std::unique_ptr<Worker>> make_workers(boost::asio::io_context& control, const config::Settings& settings,
                                                  const health::ConfiguredGroups& groups, SharedCounts& shared,
                                                  const std::shared_ptr<const RoutingTable>& first,
                                                  const Callbacks& callbacks, std::size_t pipes) {
  const std::size_t count = worker_count(settings.proxy);
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < count; ++i)
    workers.push_back(std::make_unique<Worker>(control, settings, groups, shared, first, callbacks, pipes));
  return workers;
}

}  // namespace

std::size_t worker_count(const config::ProxySettings& proxy) {
  return proxy.workers != 0 ? proxy.workers : std::max(1U, std::thread::hardware_concurrency());
}

DataPlane::DataPlane(boost::asio::io_context& control, const config::Settings& settings,
                     health::ConfiguredGroups groups, PlaneLimits limits, Callbacks callbacks, AckLimit limit)
    : groups_(std::move(groups)), callbacks_(std::move(callbacks)), shared_(groups_, limits.clients),
      first_(first_table(groups_)),
      workers_(make_workers(control, settings, groups_, shared_, first_, callbacks_, limits.pipes_per_worker)),
      publisher_(control, workers_, first_, std::move(limit)), bound_(groups_.size()) {}

DataPlane::~DataPlane() { join(); }

void DataPlane::bind() {
  for (const auto& [id, settings] : groups_) {
    auto& [listen, read_listen] = bound_[health::index(id)];
    bind_one(settings->listen, {id, ListenerRole::master}, listen);
    if (settings->read_listen) bind_one(*settings->read_listen, {id, ListenerRole::readers}, read_listen);
  }
}

/// The listeners are dealt out to the workers in turn. Each gives its clients to the worker with the fewest sessions.
void DataPlane::bind_one(const Endpoint& endpoint, ListenerSettings settings, Endpoint& bound) {
  net::Fd socket = net::listen_on(endpoint);
  bound = net::SocketAddress::local_of(socket.get()).endpoint();
  const auto least_loaded = [this]() -> Worker& {
    return **std::min_element(workers_.begin(), workers_.end(),
                              [](const auto& a, const auto& b) { return a->load() < b->load(); });
  };
  workers_[next_listener_++ % workers_.size()]->add_listener(std::move(socket), settings, least_loaded);
}

void DataPlane::start() {
  for (const auto& worker : workers_) worker->start();
}

GroupTraffic DataPlane::traffic(health::GroupId group) const {
  GroupTraffic traffic;
  traffic.nodes.resize(groups_[health::index(group)].settings->nodes.size());
  std::tie(traffic.bound_listen, traffic.bound_read_listen) = bound_[health::index(group)];
  for (const auto& worker : workers_) worker->counters()[group].add_to(traffic);
  shared_[group].add_to(traffic);
  return traffic;
}

std::map<std::string, std::uint64_t> DataPlane::accept_errors() const {
  std::map<std::string, std::uint64_t> errors;
  for (const auto& worker : workers_) worker->counters().add_accept_errors(errors);
  return errors;
}

Traffic DataPlane::traffic() const {
  Traffic traffic;
  for (const auto& group : groups_) traffic.groups.push_back(this->traffic(group.id));
  traffic.accept_errors = accept_errors();
  return traffic;
}

std::vector<std::size_t> DataPlane::loads() const {
  std::vector<std::size_t> loads;
  for (const auto& worker : workers_) loads.push_back(worker->load());
  return loads;
}

std::size_t DataPlane::sessions() const {
  const auto all = loads();
  return std::accumulate(all.begin(), all.end(), std::size_t{0});
}

void DataPlane::renew_lease(health::Time end) {
  for (const auto& worker : workers_) worker->post_lease(end);
}

void DataPlane::stop_accepting() {
  for (const auto& worker : workers_) worker->post_stop_accepting();
}

void DataPlane::cut_all() {
  for (const auto& worker : workers_) worker->post_cut_all();
}

void DataPlane::join() {
  publisher_.retire();
  for (const auto& worker : workers_) worker->join();
}

}  // namespace sengu::proxy
