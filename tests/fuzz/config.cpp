// Any bytes as a configuration file: either settings or problems, and settings print to a file that loads again.
// Includes are left out: the fuzzer would soon read this machine's devices.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "config/load.hpp"
#include "config/print.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace sengu;

/// One file in memory, written again for every input.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : descriptor_(memfd_create(name, 0)) {
    fuzz::must_hold({"memfd_create works"}, descriptor_ >= 0);
  }
  config::Loaded load(std::string_view text) const {
    const bool written = ftruncate(descriptor_, 0) == 0 &&
                         pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    fuzz::must_hold({"the file in memory can be written"}, written);
    return config::load("/proc/self/fd/" + std::to_string(descriptor_));
  }

 private:
  int descriptor_;
};

bool reads_other_files(std::string_view text) {
  for (const std::string_view word : {"include", "_file", "\\u", "\\U"})
    if (text.find(word) != std::string_view::npos) return true;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const MemoryFile input("input"), again("again");
  const auto text = fuzz::text_of(data, size);
  if (reads_other_files(text)) return -1;
  const auto loaded = input.load(text);
  fuzz::must_hold({"settings exactly where there are no problems"},
                  loaded.settings.has_value() == loaded.problems.empty());
  if (!loaded.settings) return 0;
  const auto printed = config::print(*loaded.settings);
  const auto reloaded = again.load(printed);
  for (const auto& problem : reloaded.problems) std::fprintf(stderr, "%s\n", config::to_string(problem).c_str());
  fuzz::must_hold({"printed settings load again"}, reloaded.settings);
  fuzz::must_hold({"and print the same"}, config::print(*reloaded.settings) == printed);
  return 0;
}
