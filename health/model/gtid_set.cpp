#include "health/model/gtid_set.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace sengu::health {

namespace {

constexpr std::size_t uuid_length = 36;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Cuts off what comes before the next `separator`.
std::string_view next_part(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(part);
}

bool read_number(std::string_view text, std::int64_t& number) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max() - 1;  // one more must fit as well
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 0 && number <= most;
}

bool is_uuid(std::string_view text) {
  if (text.size() != uuid_length) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

bool is_tag(std::string_view text) {
  constexpr std::size_t longest = 32;
  if (text.empty() || text.size() > longest || (text.front() >= '0' && text.front() <= '9')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool is_mysql(std::string_view source) { return source.size() >= uuid_length; }

/// Stops at the largest number instead of overflowing: a server may say anything.
void add_up(std::int64_t& sum, std::int64_t more) {
  if (__builtin_add_overflow(sum, more, &sum)) sum = std::numeric_limits<std::int64_t>::max();
}

std::string_view domain_of(std::string_view source) { return source.substr(0, source.find('-')); }

}  // namespace

std::optional<GtidSet> GtidSet::parse_mysql(std::string_view text) {
  GtidSet set;
  text = trimmed(text);
  while (!text.empty()) {
    auto part = next_part(text, ',');
    if (part.empty()) continue;
    const auto uuid = next_part(part, ':');
    if (!is_uuid(uuid) || part.empty()) return std::nullopt;
    std::string source = lower(uuid);
    while (!part.empty()) {
      const auto word = next_part(part, ':');
      if (is_tag(word)) {
        source = lower(uuid) + ":" + std::string(word);
        continue;
      }
      const auto dash = word.find('-');
      Range range{};
      if (!read_number(word.substr(0, dash), range.first) || range.first == 0) return std::nullopt;
      range.last = range.first;
      const bool is_range = dash != std::string_view::npos;
      if (is_range && (!read_number(word.substr(dash + 1), range.last) || range.last < range.first))
        return std::nullopt;
      set.add(source, range);
    }
  }
  return set;
}

std::optional<GtidSet> GtidSet::parse_mariadb(std::string_view text) {
  GtidSet set;
  text = trimmed(text);
  while (!text.empty()) {
    auto part = next_part(text, ',');
    if (part.empty()) continue;
    std::int64_t domain = 0, server = 0, sequence = 0;
    if (!read_number(next_part(part, '-'), domain) || !read_number(next_part(part, '-'), server) ||
        !read_number(part, sequence)) {
      return std::nullopt;
    }
    if (sequence > 0) set.add(std::to_string(domain) + "-" + std::to_string(server), {1, sequence});
  }
  return set;
}

void GtidSet::add(const std::string& source, Range range) {
  Ranges& ranges = sources_[source];
  if (ranges.empty() || ranges.back().last + 1 < range.first) {  // as servers say them: in order
    ranges.push_back(range);
    return;
  }
  auto at = std::find_if(ranges.begin(), ranges.end(), [&](const Range& one) { return one.last + 1 >= range.first; });
  while (at != ranges.end() && at->first <= range.last + 1) {  // they touch: one range
    range = {std::min(range.first, at->first), std::max(range.last, at->last)};
    at = ranges.erase(at);
  }
  ranges.insert(at, range);
}

void GtidSet::add(const GtidSet& other) {
  for (const auto& [source, ranges] : other.sources_) {
    for (const Range& range : ranges) add(source, range);
  }
}

std::int64_t GtidSet::count() const {
  std::int64_t sum = 0;
  for (const auto& [source, ranges] : sources_) {
    for (const Range& range : ranges) add_up(sum, range.last - range.first + 1);
  }
  return sum;
}

std::int64_t GtidSet::position() const {
  std::int64_t sum = 0;
  std::map<std::string_view, std::int64_t> domains;
  for (const auto& [source, ranges] : sources_) {
    if (is_mysql(source)) {
      for (const Range& range : ranges) add_up(sum, range.last - range.first + 1);
    } else {
      std::int64_t& last = domains[domain_of(source)];
      last = std::max(last, ranges.back().last);
    }
  }
  for (const auto& [domain, last] : domains) add_up(sum, last);
  return sum;
}

bool GtidSet::meets(const GtidSet& other) const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [&](const auto& one) { return other.sources_.contains(one.first); });
}

/// For MariaDB, by domain: the last transaction up to which both sets share their history.
std::map<std::string_view, std::int64_t> GtidSet::common_points(const GtidSet& other) const {
  std::map<std::string_view, std::int64_t> points;
  for (const auto& [source, ranges] : sources_) {
    const auto found = other.sources_.find(source);
    if (is_mysql(source) || found == other.sources_.end()) continue;
    std::int64_t& point = points[domain_of(source)];
    point = std::max(point, std::min(ranges.back().last, found->second.back().last));
  }
  return points;
}

void GtidSet::drop_up_to(const std::map<std::string_view, std::int64_t>& points) {
  for (auto source = sources_.begin(); source != sources_.end();) {
    const auto point = points.find(domain_of(source->first));
    Ranges& ranges = source->second;
    if (!is_mysql(source->first) && point != points.end()) {
      std::erase_if(ranges, [&](const Range& range) { return range.last <= point->second; });
      if (!ranges.empty()) ranges.front().first = std::max(ranges.front().first, point->second + 1);
    }
    source = ranges.empty() ? sources_.erase(source) : std::next(source);
  }
}

GtidSet GtidSet::minus(const GtidSet& other) const {
  GtidSet left = without(other);
  left.drop_up_to(common_points(other));
  return left;
}

GtidSet GtidSet::without(const GtidSet& other) const {
  GtidSet left;
  for (const auto& [source, ranges] : sources_) {
    const auto found = other.sources_.find(source);
    if (found == other.sources_.end()) {
      left.sources_.emplace(source, ranges);
      continue;
    }
    for (Range range : ranges) {
      for (const Range& hole : found->second) {
        if (hole.last < range.first || hole.first > range.last) continue;
        if (hole.first > range.first) left.add(source, {range.first, hole.first - 1});
        range.first = hole.last + 1;
      }
      if (range.first <= range.last) left.add(source, range);
    }
  }
  return left;
}

GtidSet GtidSet::written_by(std::string_view server) const {
  GtidSet own;
  for (const auto& [source, ranges] : sources_) {
    const std::string_view key = source;
    const auto writer = is_mysql(key) ? key.substr(0, uuid_length) : key.substr(key.find('-') + 1);
    if (writer == server) own.sources_.emplace(source, ranges);
  }
  return own;
}

GtidSet GtidSet::tips() const {
  GtidSet tips;
  for (const auto& [source, ranges] : sources_) tips.add(source, {ranges.back().last, ranges.back().last});
  return tips;
}

GtidSet GtidSet::filled() const {
  GtidSet whole;
  for (const auto& [source, ranges] : sources_) whole.add(source, {1, ranges.back().last});
  return whole;
}

std::string GtidSet::text() const {
  std::string out;
  for (const auto& [source, ranges] : sources_) {
    if (is_mysql(source)) {
      out += (out.empty() ? "" : ",") + source;
      for (const Range& range : ranges) {
        out += ":" + std::to_string(range.first) + (range.last > range.first ? "-" + std::to_string(range.last) : "");
      }
      continue;
    }
    for (const Range& range : ranges) {
      out += (out.empty() ? "" : ",") + source + "-" + std::to_string(range.first);
      if (range.last > range.first) out += ".." + std::to_string(range.last);
    }
  }
  return out;
}

}  // namespace sengu::health
