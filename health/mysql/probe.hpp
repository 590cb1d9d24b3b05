// Asks one node how it is, and who else decides about it. Owns which connection is the kept one, and what is asked over
// which; a Link does the asking. Knows nothing of groups, masters or decisions. Control thread only.
//
//   kept      none -> asking -> idle <-> asking -> overdue (still heard when it answers) -> idle | none
//   side      none -> asking -> (answered: becomes the kept one, the old is closed) | overdue | none
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "health/core/server_node.hpp"
#include "health/mysql/link.hpp"
#include "health/mysql/options.hpp"
#include "health/mysql/source_watch.hpp"

namespace sengu::health::mysql {

class NodeProbe final : private Link::Listener {
 public:
  /// Called on the control thread, never from within probe(). They may call probe() and close(), not the destructor.
  using Callbacks = ProbeCallbacks;

  NodeProbe(boost::asio::io_context& io, const NodeOptions& options, Callbacks callbacks);
  ~NodeProbe() override;
  NodeProbe(const NodeProbe&) = delete;
  NodeProbe& operator=(const NodeProbe&) = delete;

  /// kept_connection: asks over the kept connection, or connects where there is none; while the kept one still owes an
  /// answer, a side connection is tried (a refusal is evidence). fresh_connection: always a side connection; it becomes
  /// the kept one when it is answered. At most one side attempt at a time. One that is overdue is not given up for the
  /// next: the probe waits on it once more, see Client::greeting_timeout.
  void probe(ProbeVia via);
  /// Over the kept connection, when it has answered what it owes. As ServerNode::ask_deciders.
  void ask_deciders(Milliseconds timeout, DecidersCallback done);
  /// Ends all connections; no callback comes after it. A later probe() begins anew.
  void close();

 private:
  void on_answer(Link& link, const Observation& seen) override;
  void on_overdue(Link& link, const Observation& seen) override;
  void on_end(Link& link, LinkEnd end, const std::optional<Observation>& seen) override;
  void start(std::shared_ptr<Link>& slot);
  void ask_aside();
  void keep_side();
  void give_up(std::shared_ptr<Link>& link);
  bool is_ours(std::uint64_t connection) const;

  boost::asio::io_context& io_;
  const Login login_;
  const std::string query_;
  const Milliseconds timeout_;
  const Callbacks callbacks_;
  std::shared_ptr<Link> kept_;
  std::shared_ptr<Link> side_;
  std::deque<std::uint64_t> given_up_;   // connections that we ended, the last few: the server may not know yet
  SourceWatch source_;
};

}  // namespace sengu::health::mysql
