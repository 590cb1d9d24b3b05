// Who else decides, read from CLIENT LIST. The lines are those of redis-server 7.0.15 and redis-sentinel 7.0.15.
#include <doctest/doctest.h>

#include "health/redis/clients.hpp"

namespace sengu::health::redis {
namespace {

std::string line(const std::string& address, const std::string& name, int age, int idle) {
  return "id=3 addr=" + address + " laddr=127.0.0.1:6379 fd=8 name=" + name + " age=" + std::to_string(age) +
         " idle=" + std::to_string(idle) +
         " flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=20474 argv-mem=0 multi-mem=0 rbs=1024 rbp=5 "
         "obl=0 "
         "oll=0 omem=0 tot-mem=22426 events=r cmd=client|list user=default redir=-1 resp=2\n";
}

const OwnConnections own{"sengu-a-g", {"10.0.0.1:4711", "10.0.0.1:4700"}};
const std::string ours = line("10.0.0.1:4711", "sengu-a-g", 0, 0) + line("10.0.0.1:4700", "sengu-a-g", 900, 0);

using Names = std::vector<std::string>;

TEST_CASE("redis clients: our own connections, those of applications and of replicas are nobody") {
  CHECK(find_deciders("", own).empty());
  CHECK(find_deciders(ours + line("10.0.0.7:1", "", 9, 0) + line("10.0.0.7:2", "orders", 9, 0) +
                          line("10.0.0.7:3", "sentinel", 9, 0) + line("10.0.0.7:4", "sentinel-of-the-door", 9, 0) +
                          line("10.0.0.7:5", "my-sengu-a-b", 9, 0),
                      own)
            .empty());
}

TEST_CASE("redis clients: a Sentinel's two connections are one decider, and so is each other sengu") {
  const auto list = ours + line("10.0.0.3:50188", "sentinel-1f0c2a9b-cmd", 7, 0) +
                    line("10.0.0.3:50190", "sentinel-1f0c2a9b-pubsub", 7, 1) +
                    line("[fd00::4]:50188", "sentinel-99aa0011-cmd", 7, 0) + line("10.0.0.5:1", "sengu-b-g", 3, 0) +
                    line("10.0.0.5:2", "sengu-b-g", 0, 0);
  CHECK(find_deciders(list, own) ==
        Names{"sentinel-1f0c2a9b@10.0.0.3", "sentinel-99aa0011@[fd00::4]", "sengu-b-g@10.0.0.5"});
}

TEST_CASE("redis clients: who has said nothing for 15 s is gone") {
  CHECK(find_deciders(line("10.0.0.5:1", "sengu-b-g", 900, 15), own) == Names{"sengu-b-g@10.0.0.5"});
  CHECK(find_deciders(line("10.0.0.5:1", "sengu-b-g", 900, 16), own).empty());
}

TEST_CASE("redis clients: a second process under our own name") {
  SUBCASE("once it is older than a step") {
    CHECK(find_deciders(ours + line("10.0.0.1:4800", "sengu-a-g", 11, 0), own) == Names{"sengu-a-g@10.0.0.1"});
    CHECK(find_deciders(ours + line("10.0.0.1:4800", "sengu-a-g", 10, 0), own).empty());
  }
  SUBCASE("is not what we left behind when a path broke") {
    CHECK(find_deciders(ours + line("10.0.0.1:4600", "sengu-a-g", 900, 30), own).empty());
  }
  SUBCASE("cannot be told from us where the server sees other addresses than we do") {
    CHECK(
        find_deciders(line("192.0.2.1:1", "sengu-a-g", 900, 0) + line("192.0.2.1:2", "sengu-a-g", 0, 0), own).empty());
  }
}

TEST_CASE("redis clients: lines that are cut short or senseless do no harm") {
  const auto whole = ours + line("10.0.0.3:50188", "sentinel-1f0c2a9b-cmd", 7, 0);
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK(find_deciders(whole.substr(0, size), own).size() <= 1);
  CHECK(find_deciders(" name=sengu-\n name=sentinel--cmd addr=\n\n\n", own) == Names{"sengu-@", "sentinel-@"});
}

}  // namespace
}  // namespace sengu::health::redis
