#include "health/journal/journal.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "config/base/assert.hpp"
#include "health/journal/slot.hpp"

namespace sengu::health {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t pair_size = 2 * slot_size;
constexpr std::size_t reserve_step = 64;  // groups; half a MiB

constexpr const char* what_to_do =
    ": start the sengu that wrote it, or move the file away (then groups are adopted anew)";

[[noreturn]] void refuse_version(std::uint32_t version) {
  throw std::runtime_error("the journal was written in version " + std::to_string(version) +
                           " of its format; this sengu knows version " + std::to_string(slot_version) + what_to_do);
}

/// A newer sengu left the group in a phase that this sengu cannot go on with. The slot is not damaged, and no default
/// would do.
[[noreturn]] void refuse_phase(const Slot& slot) {
  throw std::runtime_error("the journal says of group " + slot.record.group + " that it is in phase \"" + slot.phase +
                           "\", which this sengu does not know" + what_to_do);
}

bool has_record(const Slot& slot) { return slot.state == SlotState::valid || slot.state == SlotState::unknown_phase; }

Slot slot_at(std::span<const std::byte> file, std::size_t offset) {
  SlotBytes bytes{};  // a file cut short reads as zeros, and then as corrupt or empty
  const auto size = std::min(slot_size, file.size() - std::min(offset, file.size()));
  if (size > 0) std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), size, bytes.begin());
  return decode_slot(bytes);
}

}  // namespace

Journal::Journal(const fs::path& state_dir) : Journal(state_dir, nullptr) {}

Journal::Journal(const fs::path& state_dir, std::unique_ptr<JournalFile> file)
    : lock_(lock_state_dir(state_dir)),
      file_(file ? std::move(file) : std::make_unique<PosixJournalFile>(state_dir / "journal")) {
  load();
  thread_ = std::thread([this] { run(); });
}

Journal::~Journal() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Journal::load() {
  const auto bytes = file_->read_all();
  for (std::size_t at = 0; at * pair_size < bytes.size(); ++at) load_pair(at, bytes);
  pairs_reserved_ = bytes.size() / pair_size;
  std::erase_if(damaged_, [this](const std::string& group) { return records_.contains(group); });
}

void Journal::load_pair(std::size_t at, std::span<const std::byte> bytes) {
  const std::array slots{slot_at(bytes, at * pair_size), slot_at(bytes, at * pair_size + slot_size)};
  const Slot* newest = nullptr;
  std::optional<std::string> name;
  bool broken = false;
  // The preallocated tail is free; a pair that was ever written stays its group's.
  const auto written = [](const Slot& slot) { return slot.state != SlotState::empty; };
  if (std::any_of(slots.begin(), slots.end(), written)) pairs_used_ = at + 1;
  for (const auto& slot : slots) {
    if (slot.state == SlotState::unknown_version) refuse_version(slot.version);
    if (slot.state == SlotState::corrupt) {
      broken = true;
      if (slot.group) name = slot.group;
    }
    if (has_record(slot) && (newest == nullptr || slot.sequence > newest->sequence)) newest = &slot;
  }
  if (newest != nullptr && newest->state == SlotState::unknown_phase) refuse_phase(*newest);
  if (newest != nullptr) {
    const auto index = static_cast<std::size_t>(newest - slots.data());
    records_.insert_or_assign(newest->record.group, newest->record);
    pairs_.insert_or_assign(newest->record.group, Pair{at, 1 - index, newest->sequence});
  } else if (broken) {
    damaged_.insert(name.value_or(unknown_group));
    if (name) {
      pairs_.try_emplace(*name, Pair{at, 0, 0});
    } else {
      nameless_.push_back(at);
    }
  }
}

void Journal::write(JournalRecord record, Done done, boost::asio::io_context& where) {
  {
    const std::lock_guard lock(mutex_);
    SENGU_ASSERT(!stopping_);
    queue_.push_back(Job{std::move(record), std::move(done), boost::asio::make_work_guard(where)});
  }
  wake_.notify_one();
}

void Journal::run() {
  for (;;) {
    Jobs jobs;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      jobs.swap(queue_);
    }
    commit(jobs);
    for (auto& job : jobs) {
      boost::asio::post(job.where.get_executor(), [done = std::move(job.done), ok = job.ok] { done(ok); });
      job.where.reset();
    }
  }
}

/// Group commit: the newest record of each group that is queued, then one fdatasync for all of them.
void Journal::commit(Jobs& jobs) {
  std::map<std::string, const JournalRecord*> newest;
  for (const auto& job : jobs) newest[job.record.group] = &job.record;
  std::map<std::string, bool> written;
  for (const auto& [group, record] : newest) written[group] = !write_slot(*record);
  const bool synced = !file_->sync();
  for (const auto& [group, good] : written) {
    // Only now is the slot the newest good one, and the other may be overwritten.
    if (good && synced) pairs_.at(group).next_slot ^= 1;
  }
  for (auto& job : jobs) job.ok = synced && written.at(job.record.group);
}

std::error_code Journal::write_slot(const JournalRecord& record) {
  auto& pair = pair_of(record.group);
  const auto end = (pair.index + 1) * pair_size;
  if (pair.index >= pairs_reserved_) {
    const auto pairs = (pair.index / reserve_step + 1) * reserve_step;
    if (const auto error = file_->reserve(pairs * pair_size)) return error;
    pairs_reserved_ = pairs;
  }
  // A failed attempt may have reached the disk: its number is not used again.
  const auto bytes = encode_slot(record, ++pair.sequence);
  return file_->write_at(end - pair_size + pair.next_slot * slot_size, bytes);
}

Journal::Pair& Journal::pair_of(const std::string& group) {
  const auto [found, added] = pairs_.try_emplace(group);
  if (!added) return found->second;
  if (nameless_.empty()) {
    found->second.index = pairs_used_++;
  } else {
    found->second.index = nameless_.back();
    nameless_.pop_back();
  }
  return found->second;
}

}  // namespace sengu::health
