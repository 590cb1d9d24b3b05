// The events of a group, with Sentinel's payload where Sentinel has the event. Free functions: they remember only what
// was said of a node (NodeView::shown).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "health/core/group/scene.hpp"
#include "health/core/judgement/candidate.hpp"

namespace sengu::health {

/// An event about a node. `more` is appended to the payload.
void emit_node(const Scene& scene, EventKind kind, NodeId node, Reason reason, const std::string& more = {});
/// An event about the whole group.
void emit_group(const Scene& scene, EventKind kind, Reason reason, const std::string& more = {});
/// +lost-writes: `lost` is what metrics count, `more` what people read.
void emit_lost_writes(const Scene& scene, NodeId node, const LostWrites& lost, const std::string& more);

/// "redis02:priority_zero,redis03:outranked".
std::string rejections(const Knowledge& known, const Selection& selection);

/// Says +sdown, once, and marks the node as down.
void set_sdown(const Scene& scene, NodeId id);
/// Called before the old master is replaced, so that the payload names the new one as its replica, as Sentinel's does.
void report_promoted(const Scene& scene, NodeId promoted, Reason cause);
void report_switch(const Scene& scene, NodeId from, NodeId to, Reason cause);
/// `before` is the state of the route until now; none: there was no route.
void report_route(const Scene& scene, std::optional<RouteState> before, const Route& after);
/// `before` is the node's errant set until now.
void report_errant(const Scene& scene, NodeId id, const GtidSet& before);
void report_deciders(const Scene& scene, const std::vector<std::string>& deciders);

}  // namespace sengu::health
