// Asks one node how it is. Owns which connection is the kept one, and what is asked over which; a Link does the asking.
// Knows nothing of groups, masters or decisions. Control thread only.
//
//   kept      none -> connecting -> idle <-> asking -> overdue (still heard when it answers) -> idle | none
//   side      none -> connecting -> asking -> (answered: becomes the kept one, the old is closed) | none
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "health/core/server_node.hpp"
#include "health/redis/link.hpp"

namespace sengu::health::redis {

class NodeProbe final : private Link::Listener {
 public:
  /// Called on the control thread, never from within probe(). They may call probe() and close(), not the destructor.
  using Callbacks = ProbeCallbacks;

  /// `timeout`: of one probe, connect and answer together.
  NodeProbe(boost::asio::io_context& io, Endpoint node, Credentials credentials, Milliseconds timeout,
            Callbacks callbacks);
  ~NodeProbe() override;
  NodeProbe(const NodeProbe&) = delete;
  NodeProbe& operator=(const NodeProbe&) = delete;

  /// kept_connection: asks over the kept connection, or connects where there is none; while the kept one still owes an
  /// answer, a side connection is tried (a refusal is evidence). fresh_connection: always a side connection; it becomes
  /// the kept one when it is answered. At most one side attempt at a time.
  void probe(ProbeVia via);
  /// Our own ends of the connections that there are, and of those that we gave up lately: the server may not know yet.
  std::vector<Endpoint> local_ends() const;
  /// Ends all connections; no callback comes after it. A later probe() begins anew.
  void close();

 private:
  void on_answer(Link& link, const Observation& seen) override;
  void on_overdue(Link& link, const Observation& seen) override;
  void on_end(Link& link, LinkEnd end, const std::optional<Observation>& seen) override;
  void start(std::shared_ptr<Link>& slot);
  void keep_side();
  void give_up(std::shared_ptr<Link>& link);

  boost::asio::io_context& io_;
  const Endpoint node_;
  const Credentials credentials_;
  const Milliseconds timeout_;
  const Callbacks callbacks_;
  std::shared_ptr<Link> kept_;
  std::shared_ptr<Link> side_;
  std::deque<Endpoint> given_up_;   // our own ends, the last few
};

}  // namespace sengu::health::redis
