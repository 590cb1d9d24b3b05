// Where the tree lies that is tested. In one object, so that a compiler's cache serves all others in another folder
// too.
#pragma once

#include <string>

namespace sengu::test {

/// Absolute, without a slash at its end.
std::string source_dir();

}  // namespace sengu::test
