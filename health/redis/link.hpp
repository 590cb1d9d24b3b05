// One connection to one server, in clear text or TLS, which can be asked INFO again and again, one question at a time. Owns the socket,
// its buffers and its one timer. It reports what it saw; which connection is the kept one, and what is asked when, is
// NodeProbe's. Control thread only.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/types.hpp"
#include "health/core/observation.hpp"
#include "health/redis/resp.hpp"
#include "health/redis/stream.hpp"

namespace sengu::health::redis {

/// How a connection of ours is made fit for use.
struct Credentials {
  std::string username;     // empty: AUTH with the password only
  Secret password;          // empty: no AUTH
  std::string client_name;  // for CLIENT SETNAME; empty: none
  std::shared_ptr<const TlsContext> tls = {};   // null: clear text
};

/// "sengu-<instance>-<group>", with what CLIENT SETNAME refuses replaced by '_' (safety.md §7, two deciders).
std::string client_name(std::string_view instance, std::string_view group);

/// What a new connection says first: AUTH and CLIENT SETNAME, as far as the credentials ask for them.
std::vector<CommandLine> greeting(const Credentials& credentials);

/// The address of a node. Error where the host is not an IP literal: names are resolved when the settings are loaded.
boost::system::result<boost::asio::ip::tcp::endpoint> socket_address(const Endpoint& endpoint);

/// Our own end of a connection; none where it has none (any more).
std::optional<Endpoint> local_end(const boost::asio::ip::tcp::socket& socket);

/// TCP_NODELAY and SO_KEEPALIVE; TCP_USER_TIMEOUT stays off, a frozen server must be heard when it continues.
void set_options(boost::asio::ip::tcp::socket& socket);

enum class LinkEnd : std::uint8_t {
  failed,   // it ended before it was of use: not connected, or closed before its first reply
  lost,     // a connection in use was ended by the server, or spoke nonsense
  dropped,  // we gave up on it after `give_up` of silence
};

class Link {
 public:
  /// Called on the control thread, never from within a member function of Link. Each may close or release the link.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// INFO was answered, in time or late.
    virtual void on_answer(Link& link, const Observation& seen) = 0;
    /// No whole answer within the timeout; the question stays open and the answer may still come.
    virtual void on_overdue(Link& link, const Observation& seen) = 0;
    /// The last call. `seen` is set where a question was open that nothing was reported of yet.
    virtual void on_end(Link& link, LinkEnd end, const std::optional<Observation>& seen) = 0;
  };

  /// An overdue question is given up after so long without a byte.
  static constexpr std::chrono::seconds give_up{30};
  /// A timer that fires later than this says more about us than about the server (safety.md §2.3).
  static constexpr std::chrono::milliseconds late_timer{50};

  /// Connects and asks for the first time. Pending operations share the ownership: a closed link lives until they end.
  static std::shared_ptr<Link> open(boost::asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                                    Milliseconds timeout, Listener& listener);

  /// Asks once more. Requires idle().
  void ask();
  /// Ends it; the listener hears no more.
  void close();

  bool idle() const { return phase_ == Phase::idle; }
  std::optional<Endpoint> local() const { return local_end(stream_.socket()); }
  bool connecting() const { return phase_ == Phase::connecting; }

 private:
  /// connecting -> asking -> idle -> asking ...; asking -> overdue -> idle; each -> ended. The handshake of TLS is part of
  /// the first asking, which goes back to connecting where the server has no TLS and need not have it.
  enum class Phase : std::uint8_t { connecting, asking, overdue, idle, ended };
  using Self = std::shared_ptr<Link>;

  Link(boost::asio::io_context& io, const Endpoint& node, const Credentials& credentials, Milliseconds timeout, Listener& listener);

  static void start_connect(const Self& self);
  static void start_handshake(const Self& self);
  static void start_read(const Self& self);
  static void start_timer(const Self& self, Time at);
  void on_connected(const Self& self, const boost::system::error_code& error);
  void on_handshake(const Self& self, const boost::system::error_code& error);
  void on_read(const Self& self, const boost::system::error_code& error, std::size_t size);
  void on_timer(const Self& self);
  void on_give_up(const Self& self);
  void begin_question();
  bool heard() const { return heard_ || stream_.tls_bytes() > tls_bytes_when_asked_; }
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

  Phase phase_ = Phase::connecting;
  bool greeted_ = false;        // the greeting was taken; else it is sent again with the next question
  bool in_use_ = false;         // at least one question was answered whole
  bool first_question_ = true;
  bool heard_ = false;          // a byte came since the question
  std::uint64_t tls_bytes_when_asked_ = 0;
  bool closed_in_handshake_ = false;
  Time asked_{};
  Time last_byte_{};            // or when asked
  Time timer_due_{};
  bool graced_ = false;         // the timer fired late once already
  std::size_t greeting_replies_ = 0;  // of the open question
  std::string out_;
  std::array<char, 16 * 1024> in_{};
  ReplyReader reader_;
  std::vector<Reply> replies_;
};

}  // namespace sengu::health::redis
