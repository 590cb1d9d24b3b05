// What the doctor writes its findings into, and its parts by kind of server. For the files of this folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

class Findings {
 public:
  /// Of the whole group.
  void add(std::string sentence) { found_.push_back(std::move(sentence)); }
  void add(const NodeView& node, const std::string& sentence) { found_.push_back(node.settings->name + ": " + sentence); }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::vector<std::string> found_;
};

/// Answers, and what it said last is known: what is known of others is of the past.
inline bool is_seen(const NodeView& node) { return node.alive() && node.info.has_value(); }

void examine_redis(const Knowledge& known, Findings& findings);
void examine_mysql(const Knowledge& known, Findings& findings);

}  // namespace sengu::health
