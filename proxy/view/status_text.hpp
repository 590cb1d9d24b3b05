// The table that `sengu status` and STATUS show, made from the JSON document (the CLI only has that).
// Pure: knows no group object, no socket and no terminal.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "proxy/view/text_table.hpp"

namespace sengu::proxy {

/// For each group a head line, its nodes, the last reason, and what would happen if the master died now.
/// A field that is missing (an older or newer sengu answered) shows as "-".
std::string status_text(const boost::json::object& document, Colour colour);

/// True where every group of the document has a routed master.
bool all_routed(const boost::json::object& document);

}  // namespace sengu::proxy
