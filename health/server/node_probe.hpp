// Asks one node for its health. Owns the choice of the kept connection, and which question goes over which connection;
// a ProbeLink does the asking. Knows nothing of the server's protocol, of groups, masters or decisions. Control thread
// only.
//
//   kept      none -> opening -> idle <-> asking -> overdue (still heard when it answers) -> idle | none
//   side      none -> opening -> (answered: becomes the kept one, the old is closed) | overdue | none
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "health/server/probe_link.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health {

class NodeProbe final : private ProbeLink::Listener {
 public:
  /// The callbacks are called on the control thread, never from within probe(). They may call probe() and close(), not
  /// the destructor.
  NodeProbe(OpenLink open, ProbeCallbacks callbacks);
  ~NodeProbe() override;
  NodeProbe(const NodeProbe&) = delete;
  NodeProbe& operator=(const NodeProbe&) = delete;

  /// kept_connection: asks over the kept connection, or opens one where there is none. While the kept connection still
  /// owes an answer, the probe tries a side connection: a refusal of that one is evidence. fresh_connection: always a
  /// side connection, which becomes the kept connection once the server answers over it. There is at most one side
  /// attempt at a time: a second probe waits for the first one's attempt.
  void probe(ProbeVia via);
  /// The names of the open connections, and of those that we gave up lately: the server may still list them.
  std::vector<std::string> connections() const;
  /// The kept connection, which `open` made; null where there is none.
  ProbeLink* kept() const { return kept_.get(); }
  /// Ends all connections; no callback comes after it. A later probe() begins anew.
  void close();

 private:
  void on_answer(ProbeLink& link, const Observation& seen) override;
  void on_overdue(ProbeLink& link, const Observation& seen) override;
  void on_end(ProbeLink& link, LinkEnd end, const std::optional<Observation>& seen) override;
  void ask_aside();
  void keep_side();
  void give_up(std::shared_ptr<ProbeLink>& slot);
  void remember(const ProbeLink& link);

  const OpenLink open_;
  const ProbeCallbacks callbacks_;
  std::shared_ptr<ProbeLink> kept_;
  std::shared_ptr<ProbeLink> side_;
  std::deque<std::string> given_up_;  // names, the last few
};

}  // namespace sengu::health
