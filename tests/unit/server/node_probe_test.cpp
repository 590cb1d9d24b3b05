// Which connection is kept and which are remembered, with links that a test plays. What real links do is in
// redis_probe_test and mysql_probe_test.
#include <doctest/doctest.h>

#include "health/server/node_probe.hpp"

namespace sengu::health {
namespace {

using Names = std::vector<std::string>;

class FakeLink final : public ProbeLink {
 public:
  FakeLink(Listener& listener, std::string name) : listener_(listener), name_(std::move(name)) {}

  bool ask() override {
    ++asked;
    return waits;
  }
  void close() override { closed = true; }
  std::string name() const override { return name_; }
  bool is_counted_against_us() const override { return counted; }

  void answer() { listener_.on_answer(*this, {}); }
  void be_overdue() { listener_.on_overdue(*this, {}); }
  void end(LinkEnd how) { listener_.on_end(*this, how, std::nullopt); }

  int asked = 0;
  bool waits = true;
  bool counted = false;
  bool closed = false;

 private:
  Listener& listener_;
  const std::string name_;
};

/// The links are named "0", "1", ... as they are opened.
struct Bench {
  std::vector<std::shared_ptr<FakeLink>> links;
  int seen = 0;
  int lost = 0;
  NodeProbe probe{[this](ProbeLink::Listener& listener, LinkUse) {
                    return links.emplace_back(std::make_shared<FakeLink>(listener, std::to_string(links.size())));
                  },
                  {[this](const Observation&) { ++seen; }, [this] { ++lost; }}};

  /// The kept connection was answered once, and then owes an answer.
  Bench() {
    probe.probe(ProbeVia::kept_connection);
    links.front()->answer();
    links.front()->waits = false;
  }
  FakeLink& aside() {
    probe.probe(ProbeVia::kept_connection);
    return *links.back();
  }
};

TEST_CASE("node probe: the kept connection is asked, and waited for if it says so") {
  Bench b;
  b.links[0]->waits = true;
  b.probe.probe(ProbeVia::kept_connection);
  CHECK(b.links[0]->asked == 1);
  CHECK(b.links.size() == 1);
  b.links[0]->waits = false;
  b.probe.probe(ProbeVia::kept_connection);
  CHECK(b.links.size() == 2);
  b.probe.probe(ProbeVia::fresh_connection);
  CHECK(b.links.size() == 2);  // one side attempt at a time
  CHECK(b.links[1]->asked == 1);
}

TEST_CASE("node probe: a side connection is kept where it is answered, and where the other has ended") {
  Bench b;
  auto& side = b.aside();
  SUBCASE("answered") {
    side.answer();
    CHECK(b.links[0]->closed);
    CHECK(b.probe.connections() == Names{"0", "1"});  // the server may still list the one that was given up
  }
  SUBCASE("overdue, and the only one") {
    b.links[0]->end(LinkEnd::lost);
    CHECK(b.lost == 1);
    b.probe.probe(ProbeVia::kept_connection);
    CHECK(b.links.size() == 2);  // it will be the kept one
    side.be_overdue();
  }
  CHECK(b.probe.kept() == &side);
  CHECK(b.seen == 2);
  CHECK_FALSE(side.closed);
}

TEST_CASE("node probe: an overdue side connection is given up, unless that is counted against us") {
  Bench b;
  auto& side = b.aside();
  SUBCASE("not counted") {
    side.be_overdue();
    CHECK(side.closed);
    CHECK(b.probe.connections() == Names{"1", "0"});
    CHECK(&b.aside() != &side);
  }
  SUBCASE("counted") {
    side.counted = true;
    side.be_overdue();
    CHECK_FALSE(side.closed);
    CHECK(&b.aside() == &side);
    CHECK(side.asked == 1);
  }
  CHECK(b.probe.kept() == b.links[0].get());
  CHECK(b.seen == 2);
}

TEST_CASE("node probe: the last eight that we gave up are remembered, until the server ends one") {
  Bench b;
  for (int i = 0; i < 8; ++i) b.aside().be_overdue();
  CHECK(b.probe.connections() == Names{"1", "2", "3", "4", "5", "6", "7", "8", "0"});
  b.aside().end(LinkEnd::failed);  // refused: it was nobody's
  b.links[0]->end(LinkEnd::dropped);
  CHECK(b.lost == 0);
  CHECK(b.probe.connections() == Names{"2", "3", "4", "5", "6", "7", "8", "0"});
  b.probe.probe(ProbeVia::kept_connection);
  b.links.back()->end(LinkEnd::lost);
  CHECK(b.lost == 1);
  CHECK(b.probe.connections().empty());
}

TEST_CASE("node probe: close ends both") {
  Bench b;
  auto& side = b.aside();
  b.probe.close();
  CHECK(b.links[0]->closed);
  CHECK(side.closed);
  CHECK(b.probe.connections().empty());
  CHECK(b.probe.kept() == nullptr);
}

}  // namespace
}  // namespace sengu::health
