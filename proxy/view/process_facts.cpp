// See process_facts.hpp; the fields are those of proc(5), /proc/self/stat.
#include "proxy/view/process_facts.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace sengu::proxy {
namespace {

/// The fields of /proc/self/stat from the third on; the second (the name) may hold blanks and ends at the last ')'.
std::vector<double> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream words(line.substr(name_end + 1));
  std::string state;
  words >> state;
  std::vector<double> fields{0};
  for (double value = 0; words >> value;) fields.push_back(value);
  return fields;
}

double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;)
    if (word == "btime") {
      double seconds = 0;
      file >> seconds;
      return seconds;
    }
  return 0;
}

double count_open_fds() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error))
    ++count;
  return count > 0 ? count - 1 : 0;  // without the one that read the directory
}

}  // namespace

ProcessFacts process_facts() {
  ProcessFacts facts;
  const auto fields = stat_fields();  // fields[0] is field 3
  const auto field = [&](std::size_t number) { return number - 3 < fields.size() ? fields[number - 3] : 0.0; };
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  facts.cpu_seconds = (field(14) + field(15)) / ticks;
  facts.threads = field(20);
  facts.start_time_seconds = boot_time_seconds() + field(22) / ticks;
  facts.virtual_bytes = field(23);
  facts.resident_bytes = field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  facts.open_fds = count_open_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.max_fds = static_cast<double>(limit.rlim_cur);
  return facts;
}

}  // namespace sengu::proxy
