// The words that stand for enumerators in the file, for reading and for printing.
// A word without an enumerator is known, but not supported yet.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace sengu::config {

template <class E>
struct Word {
  std::string_view text;
  std::optional<E> value;
};
template <class E>
using Words = std::vector<Word<E>>;

inline const Words<Kind> kind_words{{"redis", Kind::redis}, {"mysql", Kind::mysql}, {"tcp", {}}};
inline const Words<Mode> mode_words{{"auto", Mode::automatic}, {"manual", Mode::manual}, {"observe", Mode::observe}};
inline const Words<Authority> authority_words{{"local", Authority::local}, {"etcd", {}}, {"sentinel", {}}};
inline const Words<OnProcessDeath> on_process_death_words{{"now", OnProcessDeath::now},
                                                          {"down_after", OnProcessDeath::down_after}};
inline const Words<AuthRequired> auth_required_words{{"operate", AuthRequired::operate}, {"all", AuthRequired::all}};
inline const Words<Announce> announce_words{{"vip", Announce::vip}, {"backend", Announce::backend}};
inline const Words<LogFormat> log_format_words{{"text", LogFormat::text}, {"json", LogFormat::json}};
inline const Words<LogLevel> log_level_words{
    {"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning}, {"error", LogLevel::error}};
inline const Words<LogSessions> log_sessions_words{
    {"all", LogSessions::all}, {"errors", LogSessions::errors}, {"none", LogSessions::none}};

inline const Words<Tls> tls_words{
    {"off", Tls::off}, {"prefer", Tls::prefer}, {"require", Tls::require}, {"verify", Tls::verify}};
inline const Words<ScheduledEvents> scheduled_events_words{{"leave", ScheduledEvents::leave},
                                                           {"follow", ScheduledEvents::follow}};
inline const Words<SemiSync> semi_sync_words{{"auto", SemiSync::automatic}, {"off", SemiSync::off}};

}  // namespace sengu::config
