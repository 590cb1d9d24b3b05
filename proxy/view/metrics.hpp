// A snapshot as Prometheus text. Pure; runs on a helper thread, because serializing takes longer
// than the control thread may be away.
#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "proxy/view/process_facts.hpp"
#include "proxy/view/snapshot.hpp"

namespace sengu::proxy {

std::vector<prometheus::MetricFamily> metric_families(const Snapshot& snapshot, const ProcessFacts& process);

std::string metrics_text(const Snapshot& snapshot, const ProcessFacts& process);

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace sengu::proxy
