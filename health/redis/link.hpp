// A ProbeLink to a Redis server, in clear text or TLS, which asks INFO. Owns the socket, its buffers and its one timer.
// Control thread only.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/base/types.hpp"
#include "health/redis/resp.hpp"
#include "health/redis/stream.hpp"
#include "health/server/places.hpp"
#include "health/server/probe_link.hpp"

namespace sengu::health::redis {

/// What a connection of ours needs before it can be used.
struct Credentials {
  std::string username;                             // empty: AUTH with the password only
  Secret password;                                  // empty: no AUTH
  std::string client_name;                          // for CLIENT SETNAME; empty: none
  std::shared_ptr<const net::TlsContext> tls = {};  // null: clear text
};

/// "sengu-<instance>-<group>", with what CLIENT SETNAME refuses replaced by '_' (RULES §7.3).
std::string client_name(std::string_view instance, std::string_view group);

/// What a new connection says first: AUTH and CLIENT SETNAME, as far as the credentials ask for them.
std::vector<CommandLine> greeting(const Credentials& credentials);

/// The address of a node. Error where the host is not an IP literal: names are resolved when the settings are loaded.
boost::system::result<boost::asio::ip::tcp::endpoint> socket_address(const Endpoint& endpoint);

/// Our own end of a connection, as CLIENT LIST writes it ("10.0.0.1:4711", "[fd00::1]:4711"); empty where it has none
/// (any more).
std::string local_end(const boost::asio::ip::tcp::socket& socket);

/// TCP_NODELAY and SO_KEEPALIVE; TCP_USER_TIMEOUT stays off, a frozen server must be heard when it continues.
void set_options(boost::asio::ip::tcp::socket& socket);

class Link final : public ProbeLink {
 public:
  /// Connects and asks for the first time. Pending operations share the ownership: a closed link lives until they end.
  static std::shared_ptr<Link> open(boost::asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                                    Milliseconds timeout, Listener& listener);
  /// As open(), but connects only when the link gets one of the `places`. The link holds its place until close() or
  /// become_kept().
  static std::shared_ptr<Link> open_in_turn(boost::asio::io_context& io, const Endpoint& node,
                                            const Credentials& credentials, Milliseconds timeout, Listener& listener,
                                            Places places);

  /// True also while the link still connects: the first question goes out after that.
  bool ask() override;
  void close() override;
  /// Our own end.
  std::string name() const override { return local_end(stream_.socket()); }
  bool is_counted_against_us() const override { return false; }
  void become_kept() override { place_.give_back(); }

 private:
  /// connecting -> asking -> idle -> asking ...; asking -> overdue -> idle; each -> ended. The handshake of TLS is part
  /// of the first asking, which goes back to connecting where the server has no TLS and the settings allow clear text.
  enum class Phase : std::uint8_t { connecting, asking, overdue, idle, ended };
  using Self = std::shared_ptr<Link>;

  Link(boost::asio::io_context& io, const Endpoint& node, const Credentials& credentials, Milliseconds timeout,
       Listener& listener);

  static Self make(boost::asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                   Milliseconds timeout, Listener& listener);
  static void start_connect(const Self& self);
  static void start_handshake(const Self& self);
  static void start_read(const Self& self);
  static void start_timer(const Self& self, Time at);
  void wait_for_descriptor(const Self& self, const boost::system::error_code& error);
  void on_connected(const Self& self, const boost::system::error_code& error);
  void on_handshake(const Self& self, const boost::system::error_code& error);
  void on_read(const Self& self, const boost::system::error_code& error, std::size_t size);
  void on_timer(const Self& self);
  void on_connect_timer(const Self& self);
  void on_give_up(const Self& self);
  void begin_question();
  bool heard() const { return question_.heard || stream_.tls_bytes() > question_.tls_bytes; }
  void send_question(const Self& self);
  void take_replies();
  void end(LinkEnd how, std::optional<Observation> seen);
  void end_failed_read(const boost::system::error_code& error);
  Observation observe(Outcome outcome, std::string text) const;
  Observation observe_end(const boost::system::error_code& error) const;
  Observation read_answer();
  const Reply* first_error() const;
  bool was_greeted_too_early() const;

  Stream stream_;
  boost::asio::steady_timer timer_;
  const Endpoint node_;
  const std::vector<CommandLine> greeting_;
  const Milliseconds timeout_;
  Listener* listener_;
  std::weak_ptr<Link> self_;

  /// The question that is open, or was answered last.
  struct Question {
    bool is_first = true;  // over this connection
    bool heard = false;    // a byte came since it was sent
    bool graced = false;   // the timer fired late once already
    Time asked{};
    Time last_byte{};                  // when the last byte came; before the first one, when asked
    std::uint64_t tls_bytes = 0;       // bytes of TLS that had come when the question was sent
    std::size_t greeting_replies = 0;  // how many of the replies belong to the greeting
    std::vector<Reply> replies;
  };

  Phase phase_ = Phase::connecting;
  Question question_;
  Places::Place place_;
  std::string held_up_;   // why the link could not begin to connect yet; empty: it began
  bool greeted_ = false;  // the greeting was taken; else it is sent again with the next question
  bool in_use_ = false;   // at least one question was answered whole
  bool closed_in_handshake_ = false;
  Time timer_due_{};
  std::string out_;
  std::array<char, 4 * 1024> in_{};  // an answer to INFO has about 3 KiB; there may be thousands of links
  ReplyReader reader_;
};

}  // namespace sengu::health::redis
