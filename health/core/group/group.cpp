#include "health/core/group/group.hpp"

#include "health/core/group/state.hpp"
#include "health/core/group/status.hpp"

namespace sengu::health {

Group::Group(const config::GroupSettings& settings, std::optional<JournalRecord> journal, JournalFound found)
    : state_(std::make_unique<GroupState>(settings, std::move(journal), found)) {}
Group::~Group() = default;
Group::Group(Group&&) noexcept = default;
Group::Group(const Group& other) : state_(std::make_unique<GroupState>(*other.state_)) {}
Commands Group::start(Time now, Time first_probe) { return state_->start(now, first_probe); }
Commands Group::step(Time now, const Input& input) { return state_->step(now, input); }
Time Group::next_deadline() const { return state_->deadline; }
GroupStatus Group::status(Time now) const { return status_of(*state_, now); }

}  // namespace sengu::health
