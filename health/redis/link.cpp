#include "health/redis/link.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>

#include "config/base/printable.hpp"
#include "health/net/shortage.hpp"
#include "health/net/socket.hpp"
#include "health/redis/info.hpp"

namespace sengu::health::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

/// One section per INFO: Redis before 7 takes only one.
constexpr std::array<const char*, 4> sections{"server", "replication", "persistence", "keyspace"};

Outcome connect_outcome(const error_code& error) {
  if (error == asio::error::connection_refused) return Outcome::l4_refused;
  if (error == asio::error::timed_out) return Outcome::l4_timeout;
  return Outcome::l4_error;
}

}  // namespace

std::string client_name(std::string_view instance, std::string_view group) {
  auto name = "sengu-" + std::string(instance) + "-" + std::string(group);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c <= ' ' || c > '~'; }, '_');
  return name;
}

std::vector<CommandLine> greeting(const Credentials& credentials) {
  std::vector<CommandLine> commands;
  if (!credentials.password.empty()) {
    auto& auth = commands.emplace_back(CommandLine{"AUTH"});
    if (!credentials.username.empty()) auth.push_back(credentials.username);
    auth.push_back(credentials.password.value);
  }
  if (!credentials.client_name.empty()) commands.push_back({"CLIENT", "SETNAME", credentials.client_name});
  return commands;
}

boost::system::result<tcp::endpoint> socket_address(const Endpoint& endpoint) {
  error_code error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  if (error) return error;
  return tcp::endpoint(address, endpoint.port);
}

std::string local_end(const tcp::socket& socket) {
  error_code error;
  const auto end = socket.local_endpoint(error);
  return error ? std::string() : to_string(Endpoint{end.address().to_string(), end.port()});
}

void set_options(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

Link::Link(asio::io_context& io, const Endpoint& node, const Credentials& credentials, Milliseconds timeout,
           Listener& listener)
    : stream_(io, credentials.tls), timer_(io), node_(node), greeting_(greeting(credentials)), timeout_(timeout),
      listener_(&listener) {}

Link::Self Link::make(asio::io_context& io, const Endpoint& node, const Credentials& credentials, Milliseconds timeout,
                      Listener& listener) {
  const Self self(new Link(io, node, credentials, timeout, listener));
  self->self_ = self;
  self->question_.asked = self->question_.last_byte = std::chrono::steady_clock::now();
  start_timer(self, self->question_.asked + timeout);
  return self;
}

std::shared_ptr<Link> Link::open(asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                                 Milliseconds timeout, Listener& listener) {
  const Self self = make(io, node, credentials, timeout, listener);
  start_connect(self);
  return self;
}

std::shared_ptr<Link> Link::open_in_turn(asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                                         Milliseconds timeout, Listener& listener, Places places) {
  const Self self = make(io, node, credentials, timeout, listener);
  self->held_up_ = "no file descriptor left for a second connection";
  places.wait(Lane::urgent, [waiting = std::weak_ptr(self)](Places::Place place) {
    const Self link = waiting.lock();
    if (!link || link->phase_ == Phase::ended) return;
    link->place_ = std::move(place);
    start_connect(link);
  });
  return self;
}

void Link::close() {
  phase_ = Phase::ended;
  listener_ = nullptr;
  error_code ignored;
  stream_.socket().close(ignored);
  timer_.cancel();
  place_.give_back();
}

void Link::start_connect(const Self& self) {
  auto& socket = self->stream_.socket();
  const auto address = socket_address(self->node_);
  error_code error = address.has_error() ? address.error() : error_code{};
  if (!error) socket.open(address->protocol(), error);
  if (net::is_shortage(error)) return self->wait_for_descriptor(self, error);
  self->held_up_.clear();
  if (error) {
    asio::post(socket.get_executor(), [self, error] { self->on_connected(self, error); });
    return;
  }
  set_options(socket);
  socket.async_connect(*address, [self](const error_code& result) { self->on_connected(self, result); });
}

void Link::wait_for_descriptor(const Self& self, const error_code& error) {
  error_code ignored;
  stream_.socket().close(ignored);
  held_up_ = error.message();
  start_timer(self, std::min(question_.asked + timeout_, std::chrono::steady_clock::now() + net::shortage_pause));
}

void Link::on_connected(const Self& self, const error_code& error) {
  if (phase_ != Phase::connecting) return;
  if (net::is_shortage(error)) return wait_for_descriptor(self, error);
  if (error) return end(LinkEnd::failed, observe(connect_outcome(error), error.message()));
  if (net::met_itself(stream_.socket().native_handle()))
    return end(LinkEnd::failed, observe(Outcome::l4_refused, "nobody listens"));
  phase_ = Phase::asking;
  if (stream_.has_tls()) return start_handshake(self);
  send_question(self);
  start_read(self);
}

void Link::start_handshake(const Self& self) {
  error_code ignored;
  const auto server = self->stream_.socket().remote_endpoint(ignored).address();
  self->stream_.async_handshake(server, [self](const error_code& error) { self->on_handshake(self, error); });
}

/// A server that was frozen answers the handshake late, and is then asked late.
void Link::on_handshake(const Self& self, const error_code& error) {
  if (phase_ == Phase::ended) return;
  closed_in_handshake_ = is_end(error);
  if (error && phase_ == Phase::asking && stream_.may_fall_back(error)) {
    stream_.forget_tls();
    phase_ = Phase::connecting;
    return start_connect(self);
  }
  if (error) return end_failed_read(error);
  question_.last_byte = std::chrono::steady_clock::now();
  send_question(self);
  start_read(self);
}

bool Link::ask() {
  if (phase_ != Phase::idle) return phase_ == Phase::connecting;
  const Self self = self_.lock();
  question_.is_first = false;
  begin_question();
  start_timer(self, question_.asked + timeout_);
  send_question(self);
  return true;
}

void Link::begin_question() {
  phase_ = Phase::asking;
  question_.heard = false;
  question_.tls_bytes = stream_.tls_bytes();
  question_.graced = false;
  question_.asked = question_.last_byte = std::chrono::steady_clock::now();
  question_.replies.clear();
}

void Link::send_question(const Self& self) {
  out_.clear();
  question_.greeting_replies = greeted_ ? 0 : greeting_.size();
  if (!greeted_) {
    for (const auto& command : greeting_) append_command(out_, command);
  }
  for (const auto* section : sections) append_command(out_, {"INFO", section});
  // A failed write needs no handling: the read that is always outstanding fails too, and is the one to report.
  stream_.async_write(asio::buffer(out_), [self](const error_code&, std::size_t) {});
}

void Link::start_read(const Self& self) {
  self->stream_.async_read_some(
      asio::buffer(self->in_), [self](const error_code& error, std::size_t size) { self->on_read(self, error, size); });
}

void Link::on_read(const Self& self, const error_code& error, std::size_t size) {
  if (phase_ == Phase::ended) return;
  if (error) return end_failed_read(error);
  if (phase_ == Phase::idle) return end(LinkEnd::lost, std::nullopt);  // an answer to no question
  question_.heard = true;
  question_.last_byte = std::chrono::steady_clock::now();
  reader_.feed({in_.data(), size});
  take_replies();
  if (phase_ != Phase::ended) start_read(self);
}

void Link::take_replies() {
  const auto expected = question_.greeting_replies + sections.size();
  while (question_.replies.size() < expected) {
    auto reply = reader_.next();
    if (!reply) break;
    question_.replies.push_back(std::move(*reply));
  }
  const bool whole = question_.replies.size() == expected;
  if (reader_.invalid() || (whole && reader_.has_leftover())) {
    const auto why = reader_.invalid() ? reader_.error() : std::string("more replies than questions");
    return end(in_use_ ? LinkEnd::lost : LinkEnd::failed, observe(Outcome::invalid, why));
  }
  if (!whole) return;
  const auto seen = read_answer();
  if (seen.outcome == Outcome::invalid) return end(in_use_ ? LinkEnd::lost : LinkEnd::failed, seen);
  phase_ = Phase::idle;
  greeted_ = seen.outcome != Outcome::noauth && !was_greeted_too_early();
  in_use_ = true;
  question_.replies = {};  // not kept until the next question: there may be thousands of links
  timer_.cancel();
  listener_->on_answer(*this, seen);
}

/// The first error that matters: that of AUTH, or else of an INFO. An error of CLIENT SETNAME matters only while no
/// other reply came ("max number of clients reached" answers the first command, whichever that is).
const Reply* Link::first_error() const {
  const Reply* found = nullptr;
  for (std::size_t i = 0; i < question_.replies.size(); ++i) {
    const auto& reply = question_.replies[i];
    if (!reply.is_error()) continue;
    const bool setname = i < question_.greeting_replies && greeting_[i].front() == "CLIENT";
    if (setname && question_.replies.size() > i + 1) continue;
    if (i < question_.greeting_replies && says_no_password_needed(reply.text)) continue;
    found = found != nullptr ? found : &reply;
  }
  return found;
}

/// True where BUSY or LOADING refused the greeting (Redis 5 to 8). It must be sent again: without its name another
/// sengu would not recognize this connection.
bool Link::was_greeted_too_early() const {
  return std::any_of(question_.replies.begin(),
                     question_.replies.begin() + static_cast<std::ptrdiff_t>(question_.greeting_replies),
                     [](const Reply& reply) {
                       const auto outcome = reply.is_error() ? classify_error(reply.text) : Outcome::ok;
                       return outcome == Outcome::busy || outcome == Outcome::loading;
                     });
}

Observation Link::read_answer() {
  if (const auto* error = first_error()) return observe(classify_error(error->text), printable_line(error->text));
  std::string text;
  for (auto i = question_.greeting_replies; i < question_.replies.size(); ++i) {
    if (question_.replies[i].type != Reply::Type::string)
      return observe(Outcome::invalid, "INFO did not answer with a text");
    text += question_.replies[i].text;
    text += '\n';
  }
  auto info = parse_info(text);
  if (!info) return observe(Outcome::invalid, "INFO without a role, or with a malformed number");
  auto seen = observe(info->loading ? Outcome::loading : Outcome::ok, {});
  seen.info = std::move(*info);
  return seen;
}

void Link::end_failed_read(const error_code& error) {
  const bool in_use = in_use_ || phase_ == Phase::overdue;
  const auto end_kind = in_use ? LinkEnd::lost : LinkEnd::failed;
  if (phase_ != Phase::asking) return end(end_kind, std::nullopt);
  // Some servers refuse with an error line and then close: the line proves that the server lives, and says more than
  // the close.
  if (const auto* line = first_error())
    return end(end_kind, observe(classify_error(line->text), printable_line(line->text)));
  end(end_kind, observe_end(error));
}

void Link::start_timer(const Self& self, Time at) {
  self->timer_due_ = at;
  self->timer_.expires_at(at);
  self->timer_.async_wait([self](const error_code& error) {
    if (!error) self->on_timer(self);
  });
}

void Link::on_timer(const Self& self) {
  const auto now = std::chrono::steady_clock::now();
  // A timer wait that fired before the timer was moved, or before the question was answered, still ends up here.
  if (phase_ == Phase::ended || phase_ == Phase::idle || now < timer_due_) return;
  if (phase_ == Phase::overdue) return on_give_up(self);
  if (now > timer_due_ + late_timer && !question_.graced) {
    question_.graced = true;  // we slept: read the socket once more before the question is overdue
    return start_timer(self, now + grace);
  }
  if (phase_ == Phase::connecting) return on_connect_timer(self);
  phase_ = Phase::overdue;
  start_timer(self, question_.last_byte + give_up);
  if (const auto* error = first_error()) {
    return listener_->on_overdue(*this, observe(classify_error(error->text), printable_line(error->text)));
  }
  listener_->on_overdue(*this,
                        heard() ? observe(Outcome::error, "slow reply") : observe(Outcome::l7_timeout, "no reply"));
}

/// For want of a file descriptor a link may not even begin to connect. Such a link was not refused, and the server was
/// not silent to it: its outcome is `shortage`.
void Link::on_connect_timer(const Self& self) {
  if (held_up_.empty()) return end(LinkEnd::failed, observe(Outcome::l4_timeout, "connect timed out"));
  if (std::chrono::steady_clock::now() >= question_.asked + timeout_)
    return end(LinkEnd::failed, observe(Outcome::shortage, held_up_));
  start_timer(self, question_.asked + timeout_);
  start_connect(self);
}

void Link::on_give_up(const Self& self) {
  const auto due = question_.last_byte + give_up;
  if (std::chrono::steady_clock::now() < due) return start_timer(self, due);
  end(LinkEnd::dropped, std::nullopt);
}

void Link::end(LinkEnd how, std::optional<Observation> seen) {
  if (phase_ == Phase::overdue && seen && seen->outcome != Outcome::invalid) seen.reset();  // reported already
  auto* listener = std::exchange(listener_, nullptr);
  close();
  listener->on_end(*this, how, seen);
}

/// A server that fails in TLS still speaks, and so lives (RULES §2.1). A server that accepts and then closes in the
/// handshake lives as well: a Redis with max clients has no other way to say so. A dead server refuses, a frozen server
/// stays silent.
Observation Link::observe_end(const error_code& error) const {
  const auto text = printable_line(stream_.error_text(error));
  if (net::is_tls_error(error)) return observe(Outcome::error, text);
  if (!closed_in_handshake_ || in_use_ || question_.heard) return observe(Outcome::l7_closed, text);
  return observe(Outcome::error,
                 "TLS: closed in the handshake, as by a server without room for another client: " + text);
}

Observation Link::observe(Outcome outcome, std::string text) const {
  Observation seen;
  seen.outcome = outcome;
  seen.asked = question_.asked;
  seen.answered = std::chrono::steady_clock::now();
  seen.fresh_connection = question_.is_first;
  seen.text = std::move(text);
  return seen;
}

}  // namespace sengu::health::redis
