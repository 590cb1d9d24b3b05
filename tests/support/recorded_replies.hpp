// Replies of Redis versions that the tests do not run, as bytes: reads the transcripts of tests/unit/data that
// tests/support/record-redis wrote (its head describes them). Knows nothing of what the replies mean.
#pragma once

#include <fstream>
#include <initializer_list>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/support/source_dir.hpp"

namespace sengu::test {

class RecordedReplies {
 public:
  /// `version`: of Redis, "5.0.10".
  explicit RecordedReplies(const std::string& version) {
    const std::string path = source_dir() + "/tests/unit/data/redis-" + version + ".replies";
    std::ifstream in(path, std::ios::binary);
    std::stringstream content;
    content << in.rdbuf();
    const std::string text = content.str();
    for (auto at = text.find("\n== "); at != std::string::npos;) {
      const auto title = at + 4;
      const auto bytes = text.find('\n', title) + 1;
      at = text.find("\n== ", bytes - 1);
      const auto end = at == std::string::npos ? text.size() : at + 1;
      replies_[text.substr(title, bytes - 1 - title)] = text.substr(bytes, end - bytes);
    }
    if (replies_.empty()) throw std::runtime_error("no replies in " + path);
  }

  /// What the server sent for `command` in `scene`.
  const std::string& reply(const std::string& scene, const std::string& command) const {
    const auto found = replies_.find(scene + ": " + command);
    if (found == replies_.end()) throw std::runtime_error("not recorded: " + scene + ": " + command);
    return found->second;
  }

  /// What it sent for several, one after the other.
  std::string replies(const std::string& scene, std::initializer_list<const char*> commands) const {
    std::string out;
    for (const auto* command : commands) out += reply(scene, command);
    return out;
  }

 private:
  std::map<std::string, std::string> replies_;
};

}  // namespace sengu::test
