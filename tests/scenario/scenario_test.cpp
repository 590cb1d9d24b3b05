// Scenario transcripts: tests/scenario/*.txt hold commands ("> kill a") and, under each, what the group did. They are
// read as prose and rewritten by SENGU_REWRITE=1, then reviewed as a diff.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/model_world.hpp"
#include "tests/support/source_dir.hpp"

namespace {

using namespace sengu;
using namespace sengu::test;

std::chrono::nanoseconds duration_of(const std::string& text) {
  const double number = std::stod(text);
  const double milliseconds = text.ends_with("ms") ? number : number * 1000;
  return std::chrono::microseconds(static_cast<long>(milliseconds * 1000));
}

class Scenario {
 public:
  std::string command(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    std::string word;
    words >> verb >> word;
    std::string rest;
    words >> rest;
    perform(verb, word, rest);
    std::string out;
    if (!world_) return out;
    for (const std::string& said : world_->take_log()) out += said + "\n";
    return out;
  }
  const World* world() const { return world_.get(); }

 private:
  void perform(const std::string& verb, const std::string& word, const std::string& rest) {
    if (verb == "set") return set(word, rest);
    if (verb == "start") {
      world_ = std::make_unique<World>(settings_);
      return world_->start();
    }
    REQUIRE_MESSAGE(world_, "the first command is start");
    if (verb == "run") return world_->run(duration_of(word));
    if (verb == "restart-sengu") return world_->restart_sengu();
    if (verb == "stall-sengu") return world_->stall_sengu(duration_of(word));
    if (verb == "pause") return world_->input(order(health::PauseWish{}));
    if (verb == "resume") return world_->input(order(health::ResumeWish{}));
    if (verb == "damage-journal") return world_->damage_journal();
    if (verb == "read-only-restarts") {
      world_->restarts_read_only = word == "on";
      return;
    }
    if (verb == "semi-sync") return semi_sync();
    if (verb == "schedule-events") return world_->schedule_events();
    if (verb == "journal") {
      world_->journal_works = word == "works";
      return;
    }
    if (verb == "failover") {
      std::optional<health::NodeId> to;
      if (!word.empty()) to = health::NodeId{static_cast<std::uint16_t>(word[0] - 'a')};
      const auto loss = rest == "accept-loss" ? health::LossPolicy::accept_loss : health::LossPolicy::keep_writes;
      return world_->input(order(health::FailoverWish{to, loss}));
    }
    act_on_node(verb, word.at(0) - 'a', rest);
  }

  static Memory memory_of(const std::string& word) {
    if (word == "saved") return Memory::saved;
    return word == "kept" ? Memory::kept : Memory::lost;
  }

  void act_on_node(const std::string& verb, int node, const std::string& rest) {
    auto& model = world_->nodes.at(static_cast<std::size_t>(node));
    if (verb == "kill") return world_->kill(node);
    if (verb == "restart") {
      if (rest == "lost-role") world_->make_master_by_hand(node);  // as a server without a configuration file does
      return world_->restart(node, memory_of(rest));
    }
    if (verb == "freeze") return world_->freeze(node);
    if (verb == "thaw") return world_->thaw(node);
    if (verb == "cut-path") return world_->cut_path(node);
    if (verb == "heal-path") return world_->heal_path(node);
    if (verb == "write") return world_->write(node, std::stoi(rest));
    if (verb == "by-hand-master") return world_->make_master_by_hand(node);
    if (verb == "client-kill") return world_->client_kill(node);
    if (verb == "connect-failed")
      return world_->input(health::ConnectFailed{health::NodeId{static_cast<std::uint16_t>(node)}});
    if (verb == "refuses") {
      model.refuses = rest != "no-more";
      return;
    }
    if (verb == "save-fails") {
      model.save_failed = true;
      return;
    }
    if (verb == "read-only") return rest == "off" ? world_->open_by_hand(node) : world_->close_by_hand(node);
    if (verb == "knows-no-fence") {
      model.knows_no_fence = true;
      return;
    }
    if (verb == "replicaof") return world_->follow_by_hand(node, rest.at(0) - 'a');
    if (verb == "decider") {
      model.deciders = rest == "gone" ? std::vector<std::string>{} : std::vector{rest};
      return;
    }
    if (verb == "applier") return set_applier(model, rest);
    if (verb == "lose-tail") return world_->lose_tail(node, std::stoi(rest));
    if (verb == "sessions-wait") return world_->wait_for_acknowledgement(node, std::stoi(rest));
    if (verb == "acknowledged") return world_->acknowledge(node);
    if (verb == "deafen") return world_->deafen(node);
    if (verb == "mend-link") return world_->mend_link(node);
    if (verb == "save") return world_->save(node);
    if (verb == "delete-keys") return world_->delete_keys(node, std::stoull(rest));
    if (verb == "stranger") return world_->be_a_stranger(node, std::stoull(rest));
    if (verb == "expiring") return expire(model, rest);
    if (verb == "rejoin")
      return world_->input(order(health::RejoinWish{health::NodeId{static_cast<std::uint16_t>(node)}, rest == "wipe"}));
    if (verb == "answers") {
      model.answers = rest == "busy"     ? health::Outcome::busy
                      : rest == "noauth" ? health::Outcome::noauth
                                         : health::Outcome::ok;
      return;
    }
    FAIL("unknown command: " << verb);
  }

  void semi_sync() {
    for (auto& node : world_->nodes) {
      node.sql.replica = health::SemiSync::on;
      node.sql.source = health::SemiSync::off;
    }
  }

  /// All its keys but one have a time to live.
  static void expire(ModelNode& model, const std::string& ttl) {
    model.expiring = model.keys - 1;
    model.ttl = std::chrono::duration_cast<Milliseconds>(duration_of(ttl));
  }

  static void set_applier(ModelNode& model, const std::string& how) {
    model.sql.applying = how != "stopped" && how != "error";
    model.sql.apply_error = how == "error" ? "1032 Can't find record" : "";
    if (how.starts_with("delayed-")) model.sql.delay = std::chrono::seconds(std::stoi(how.substr(8)));
    else if (how.ends_with("s")) model.sql.applies_after = duration_of(how);
  }

  void set(const std::string& key, const std::string& value) {
    if (key == "nodes") settings_ = group_of(std::stoi(value));
    else if (key == "kind") settings_.kind = value == "mysql" ? config::Kind::mysql : config::Kind::redis;
    else if (key == "priority-b") settings_.nodes[1].priority = std::stoi(value);
    else if (key == "priority-c") settings_.nodes[2].priority = std::stoi(value);
    else if (key == "max_lag_bytes") settings_.failover.max_lag_bytes = std::stoull(value);
    else if (key == "mode") settings_.failover.mode = value == "manual" ? config::Mode::manual : config::Mode::observe;
    else if (key == "scheduled_events") settings_.scheduled_events = config::ScheduledEvents::follow;
    else if (key == "rejoin_delay")
      settings_.failover.rejoin_delay = std::chrono::duration_cast<Milliseconds>(duration_of(value));
    else if (key == "on_process_death") settings_.failover.on_process_death = config::OnProcessDeath::down_after;
    else FAIL("unknown setting: " << key);
  }

  config::GroupSettings settings_ = group_of(3);
  std::unique_ptr<World> world_;
};

/// The transcript as the code makes it now.
std::string play(const std::string& text) {
  Scenario scenario;
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("> ")) {
      out += line + "\n" + scenario.command(line.substr(2));
    } else if (line.starts_with("#") || line.empty()) {
      out += line + "\n";
    }
  }
  if (scenario.world()) {
    for (const auto& violation : scenario.world()->violations) FAIL_CHECK(violation);
  }
  return out;
}

}  // namespace

TEST_CASE("scenario transcripts") {
  const std::filesystem::path folder = test::source_dir() + "/tests/scenario";
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    ++count;
    CAPTURE(entry.path().filename().string());
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    const std::string played = play(text.str());
    if (std::getenv("SENGU_REWRITE")) {
      std::ofstream(entry.path()) << played;
    } else {
      CHECK(played == text.str());
    }
  }
  CHECK(count > 0);
}
