// The data plane as the app sees it: listeners, workers and publisher behind one object. Every call is made on the
// control thread; no call blocks, except join().
#pragma once

#include "proxy/dataplane/publisher.hpp"

namespace sengu::proxy {

/// How many descriptors the data plane may take (proxy/app/file_budget.hpp shares them out).
struct PlaneLimits {
  ClientLimits clients;
  std::size_t pipes_per_worker;  // streams that are spliced at once, two descriptors each
};

/// [proxy] workers; where it says 0, one per processor.
std::size_t worker_count(const config::ProxySettings& proxy);

class DataPlane {
 public:
  /// `settings` and `control` outlive this; its handlers on `control` must not run after its destruction.
  DataPlane(boost::asio::io_context& control, const config::Settings& settings, health::ConfiguredGroups groups,
            PlaneLimits limits, Callbacks callbacks, AckLimit limit = {});
  ~DataPlane();

  /// Binds every listener. Throws std::system_error with the address in its text.
  void bind();
  /// Starts the workers. Every group is closed until its first publish. If that comes before start(), no client ever
  /// meets the closed table.
  void start();
  health::RoutePublisher& publisher() { return publisher_; }
  Traffic traffic() const;
  /// Of one group.
  GroupTraffic traffic(health::GroupId group) const;
  /// Connections that could not be accepted, by errno name.
  std::map<std::string, std::uint64_t> accept_errors() const;
  /// Clients that are connected to us now, parked and refused ones included.
  std::size_t sessions() const;
  /// The same per worker.
  std::vector<std::size_t> loads() const;
  /// Under the tables published so far, sessions to a master pass bytes until `end`; after it they wait for the next
  /// call. Before the first call there is no end.
  void renew_lease(health::Time end);
  void stop_accepting();
  /// Resets every session.
  void cut_all();
  /// Ends the workers; blocks until their threads are gone. Nothing may be published afterwards.
  void join();

 private:
  void bind_one(const Endpoint& endpoint, ListenerSettings settings, Endpoint& bound);

  const health::ConfiguredGroups groups_;
  const Callbacks callbacks_;
  SharedCounts shared_;
  std::shared_ptr<const RoutingTable> first_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Publisher publisher_;
  std::vector<std::pair<Endpoint, Endpoint>> bound_;  // by GroupId: listen, read_listen
  std::size_t next_listener_ = 0;
};

}  // namespace sengu::proxy
