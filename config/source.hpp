// Reads one file into a tree of values, and turns toml11's traps into findings: a directory as file, an
// integer beyond 64 bits, a syntax error. Knows no key.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "config/errors.hpp"
#include "config/value.hpp"

namespace sengu::config {

/// The file's top-level table; empty where the file cannot be read or parsed, with the reason added to `problems`.
std::optional<Value> read_source(const std::filesystem::path& file, std::vector<Problem>& problems);

/// The bytes of a regular file (or pipe) of at most `most` bytes; else the reason why not.
struct FileText {
  std::string text;
  std::string error;  // empty: read
};
FileText read_file(const std::filesystem::path& file, std::size_t most);

}  // namespace sengu::config
