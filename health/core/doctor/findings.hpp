// What the doctor writes its findings into, and its parts by kind of server. Only the files of this folder include
// this.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

class Findings {
 public:
  /// Adds a finding about the whole group.
  void add(std::string sentence) { found_.push_back(std::move(sentence)); }
  void add(const NodeView& node, const std::string& sentence) {
    found_.push_back(node.settings->name + ": " + sentence);
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::vector<std::string> found_;
};

/// The node answers, and its last INFO is known: what is known of other nodes is out of date.
inline bool is_seen(const NodeView& node) { return node.alive() && node.info.has_value(); }

inline bool is_the_master(const Knowledge& known, const NodeView& node) {
  return known.master && &node == &known.node(*known.master);
}

/// "a, b, c"
inline std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void examine_redis(const Knowledge& known, Findings& findings);
void examine_mysql(const Knowledge& known, Findings& findings);
/// Of MySQL.
void examine_schedule(const Knowledge& known, Findings& findings);

}  // namespace sengu::health
