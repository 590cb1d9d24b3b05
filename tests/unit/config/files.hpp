// A folder of configuration files for one test, and what loading one of them says.
// The folder is removed with the object.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace sengu::config::test {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "sengu-config-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

  Loaded load(const std::string& name = "sengu.toml") const { return config::load(path_ / name); }

  /// The findings as text, files named relative to this folder.
  std::vector<std::string> problems() const {
    std::vector<std::string> lines;
    for (const Problem& problem : load().problems) {
      std::string line = to_string(problem);
      const std::string prefix = path_.string() + "/";
      for (auto at = line.find(prefix); at != std::string::npos; at = line.find(prefix)) line.erase(at, prefix.size());
      lines.push_back(line);
    }
    return lines;
  }

 private:
  std::filesystem::path path_;
};

using Lines = std::vector<std::string>;

/// What loading this text as sengu.toml says.
inline Lines problems_of(const std::string& text) {
  Folder folder;
  folder.write("sengu.toml", text);
  return folder.problems();
}

/// A whole group of four lines; more lines of the group may follow.
inline const std::string minimal =
    "[[group]]\n"
    "name = \"sessions\"\n"
    "listen = \"127.0.0.1:7000\"\n"
    "nodes = [\"10.0.0.11:6379\", \"10.0.0.12:6379\"]\n";

/// What is said about lines that follow that group; the first of them is line 5.
inline Lines problems_after_group(const std::string& more) { return problems_of(minimal + more); }

}  // namespace sengu::config::test
