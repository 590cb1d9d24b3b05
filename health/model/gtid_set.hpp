// A set of MySQL or MariaDB transactions, by where they come from. Pure values: parsed from what the server says,
// compared, subtracted, counted.
//
// MySQL says the set itself: "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7" (Reference Manual, "GTID Format and Storage";
// with a tag, 8.3 and later, "<uuid>:<tag>:1-5"). MariaDB says only the last transaction of each source, "0-101-17"
// (domain, server id, sequence number). It stands for all transactions of that server in that domain up to this one:
// gtid_strict_mode keeps them in order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sengu::health {

class GtidSet {
 public:
  /// What gtid_executed and Retrieved_Gtid_Set say. None where it is no such set. Blanks and newlines are allowed after
  /// commas.
  static std::optional<GtidSet> parse_mysql(std::string_view text);
  /// What gtid_binlog_state and Gtid_IO_Pos say. None where it is no such list.
  static std::optional<GtidSet> parse_mariadb(std::string_view text);

  bool empty() const { return sources_.empty(); }
  /// How many transactions the set names. For MariaDB use it on a difference only: in a whole set the sequence numbers
  /// that other servers have taken count twice.
  std::int64_t count() const;
  /// How far the set has come: the number of transactions; MariaDB: the last sequence numbers of all domains added up.
  /// Of two sets one of which contains the other, the greater one is further.
  std::int64_t position() const;
  bool contains(const GtidSet& other) const { return other.minus(*this).empty(); }
  bool meets(const GtidSet& other) const;  // they share a source
  void add(const GtidSet& other);
  /// MariaDB: in each domain, the transactions beyond the last one that both sets have. A server that was set up from a
  /// backup does not name the earlier masters, but has their transactions all the same.
  GtidSet minus(const GtidSet& other) const;
  /// Without exactly the transactions that `other` names; for MySQL the same as minus().
  GtidSet without(const GtidSet& other) const;
  std::size_t sources() const { return sources_.size(); }
  /// The transactions that the server wrote itself. `server`: a server_uuid, or a MariaDB server id.
  GtidSet written_by(std::string_view server) const;
  /// The last transaction of each source.
  GtidSet tips() const;
  /// From 1 to the last of each source, without gaps.
  GtidSet filled() const;

  /// As MySQL writes sets; of MariaDB "0-101-5..17", or "0-101-5" for a single one.
  std::string text() const;
  bool operator==(const GtidSet&) const = default;

 private:
  struct Range {
    std::int64_t first, last;
    bool operator==(const Range&) const = default;
  };
  using Ranges = std::vector<Range>;  // in order, apart by one at least

  void add(const std::string& source, Range range);
  std::map<std::string_view, std::int64_t> common_points(const GtidSet& other) const;
  void drop_up_to(const std::map<std::string_view, std::int64_t>& points);

  std::map<std::string, Ranges> sources_;  // "<uuid>[:<tag>]" or "<domain>-<server id>"; none is empty
};

}  // namespace sengu::health
