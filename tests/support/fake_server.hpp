// A scripted TCP server inside the test's own io_context (port 0 on 127.0.0.1): each accepted connection is handed to
// the test, which says by hand what is read, written, half-written or reset. Knows no Redis.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "config/base/types.hpp"

namespace sengu::test {

class FakeServer {
 public:
  using tcp = boost::asio::ip::tcp;

  struct Peer {
    explicit Peer(tcp::socket accepted) : socket(std::move(accepted)) {}
    tcp::socket socket;
    std::string received;
    bool ended = false;  // the client closed
    std::array<char, 4096> buffer{};

    void send(std::string_view bytes) { boost::asio::write(socket, boost::asio::buffer(bytes)); }
    void close() { socket.close(); }
    void reset() {
      socket.set_option(boost::asio::socket_base::linger(true, 0));
      socket.close();
    }
  };

  explicit FakeServer(boost::asio::io_context& io)
      : acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}), port_(acceptor_.local_endpoint().port()) {
    accept();
  }

  Endpoint endpoint() const { return {"127.0.0.1", port_}; }
  /// No more connections: the next connect is refused. The port stays ours, or another test may listen there.
  void stop_listening() {
    acceptor_.close();
    held_.open(tcp::v4());
    held_.set_option(tcp::socket::reuse_address(true));  // connections of before are there still
    held_.bind({boost::asio::ip::address_v4::loopback(), port_});
  }

  std::vector<std::shared_ptr<Peer>> peers;  // in order of arrival

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      peers.push_back(std::make_shared<Peer>(std::move(socket)));
      read(peers.back());
      accept();
    });
  }

  static void read(const std::shared_ptr<Peer>& peer) {
    peer->socket.async_read_some(boost::asio::buffer(peer->buffer),
                                 [peer](boost::system::error_code error, std::size_t size) {
                                   peer->received.append(peer->buffer.data(), size);
                                   peer->ended = static_cast<bool>(error);
                                   if (!error) read(peer);
                                 });
  }

  tcp::acceptor acceptor_;
  const std::uint16_t port_;
  tcp::socket held_{acceptor_.get_executor()};
};

/// Runs the io_context until the condition holds. False after two seconds without it.
template <typename Condition>
bool run_until(boost::asio::io_context& io, Condition condition,
               std::chrono::seconds within = std::chrono::seconds(2)) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  io.restart();
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    io.run_one_for(std::chrono::milliseconds(20));
    if (io.stopped()) io.restart();
  }
  return true;
}

}  // namespace sengu::test
