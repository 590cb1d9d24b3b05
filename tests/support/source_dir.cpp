#include "tests/support/source_dir.hpp"

std::string sengu::test::source_dir() { return SENGU_SOURCE_DIR; }
