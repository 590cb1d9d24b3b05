// The glue to hiredis 0.14: its reader builds our Reply values through four callbacks.
#include "health/redis/resp.hpp"

#include <hiredis/hiredis.h>

#include <cstdlib>
#include <new>

#include "config/base/assert.hpp"
#include "config/base/printable.hpp"

namespace sengu::health::redis {

/// The reader's privdata: how many values the reply being read has so far.
struct ReplyBudget {
  std::size_t values = 0;
};

namespace {

/// Where the value of `task` goes: a new last element of its parent, or a new root (owned by the reader until it is
/// handed out). Elements grow one by one as they arrive and are never reserved from the announced count: "*1000000"
/// costs eight bytes to send. A growing vector moves only siblings that are already complete, so the pointers hiredis
/// holds (the path from the root to the value being read) stay good. Null = over the budget; hiredis then fails.
Reply* place(const redisReadTask* task, Reply::Type type) {
  auto* budget = static_cast<ReplyBudget*>(task->privdata);
  if (budget != nullptr && ++budget->values > max_reply_values) return nullptr;
  Reply* reply = task->parent != nullptr ? &static_cast<Reply*>(task->parent->obj)->elements.emplace_back() : new Reply;
  reply->type = type;
  return reply;
}

void* create_string(const redisReadTask* task, char* text, std::size_t length) {
  const auto type = task->type == REDIS_REPLY_ERROR    ? Reply::Type::error
                    : task->type == REDIS_REPLY_STATUS ? Reply::Type::status
                                                       : Reply::Type::string;
  Reply* reply = place(task, type);
  if (reply != nullptr) reply->text.assign(text, length);
  return reply;
}

void* create_array(const redisReadTask* task, int) { return place(task, Reply::Type::array); }

void* create_integer(const redisReadTask* task, long long value) {
  Reply* reply = place(task, Reply::Type::integer);
  if (reply != nullptr) reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) { return place(task, Reply::Type::nil); }

void free_object(void* object) { delete static_cast<Reply*>(object); }

redisReplyObjectFunctions functions{create_string, create_array, create_integer, create_nil, free_object};

}  // namespace

struct ReplyReader::State {
  ReplyBudget budget;
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader{redisReaderCreateWithFunctions(&functions),
                                                              redisReaderFree};
  std::size_t max_bytes;
  std::string failure;  // set once invalid

  explicit State(std::size_t max) : max_bytes(max) {
    if (!reader) throw std::bad_alloc();
    reader->privdata = &budget;
  }
};

ReplyReader::ReplyReader(std::size_t max_bytes) : state_(std::make_unique<State>(max_bytes)) {}
ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;

void ReplyReader::feed(std::string_view bytes) {
  if (invalid() || bytes.empty()) return;
  if (redisReaderFeed(state_->reader.get(), bytes.data(), bytes.size()) != REDIS_OK) state_->failure = "out of memory";
}

std::optional<Reply> ReplyReader::next() {
  if (invalid()) return std::nullopt;
  auto& reader = *state_->reader;
  void* object = nullptr;
  if (redisReaderGetReply(&reader, &object) != REDIS_OK) {
    state_->failure =
        state_->budget.values > max_reply_values ? "reply with too many values" : printable_line(reader.errstr);
    return std::nullopt;
  }
  if (object == nullptr) {
    if (reader.len - reader.pos > state_->max_bytes) {
      state_->failure = "reply over " + std::to_string(state_->max_bytes / (1024 * 1024)) + " MiB";
    }
    return std::nullopt;
  }
  state_->budget.values = 0;
  std::unique_ptr<Reply> reply(static_cast<Reply*>(object));
  return std::move(*reply);
}

bool ReplyReader::invalid() const { return !state_->failure.empty(); }
std::string ReplyReader::error() const { return state_->failure; }

bool ReplyReader::has_leftover() const {
  const auto& reader = *state_->reader;
  // The first task waits with type -1 until the first byte of the next reply came.
  return reader.len > reader.pos || reader.ridx > 0 || (reader.ridx == 0 && reader.rstack[0].type != -1);
}

void append_command(std::string& out, const CommandLine& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const auto& word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* bytes = nullptr;
  const int length = redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), texts.data(), lengths.data());
  SENGU_ASSERT(length > 0);
  out.append(bytes, static_cast<std::size_t>(length));
  redisFreeCommand(bytes);
}

}  // namespace sengu::health::redis
