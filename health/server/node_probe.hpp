// Asks one node how it is. Owns which connection is the kept one, and what is asked over which; a ProbeLink does the
// asking. Knows nothing of what the server speaks, of groups, masters or decisions. Control thread only.
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
  /// The callbacks are called on the control thread, never from within probe(). They may call probe() and close(), not the
  /// destructor.
  NodeProbe(OpenLink open, ProbeCallbacks callbacks);
  ~NodeProbe() override;
  NodeProbe(const NodeProbe&) = delete;
  NodeProbe& operator=(const NodeProbe&) = delete;

  /// kept_connection: asks over the kept connection, or connects where there is none; while the kept one still owes an
  /// answer, a side connection is tried (a refusal is evidence). fresh_connection: always a side connection; it becomes
  /// the kept one when it is answered. At most one side attempt at a time: a probe waits for the one that there is.
  void probe(ProbeVia via);
  /// The names of the connections that there are, and of those that we gave up lately: the server may not know yet.
  std::vector<std::string> connections() const;
  /// One that `open` made; null where there is none.
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
  std::deque<std::string> given_up_;   // names, the last few
};

}  // namespace sengu::health
