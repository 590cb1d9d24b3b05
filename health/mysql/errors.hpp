// What a failed connect or statement says of the server: error numbers of MySQL, MariaDB and the client library,
// sorted. Pure.
#pragma once

#include "health/model/observation.hpp"
#include "health/mysql/table.hpp"

namespace sengu::health::mysql {

/// Every error after a server's greeting is life: a full server (1040), our host blocked (1129), a wrong password
/// (1045) or certificate (2026) are the operator's to mend, and never a reason to call the server dead.
Outcome classify(const Failure& failure);

/// "1045 Access denied for user ...", or sengu's own words without a number.
std::string describe(const Failure& failure);

}  // namespace sengu::health::mysql
