#include "proxy/dataplane/spare_file.hpp"

#include <fcntl.h>

namespace sengu::proxy {

bool SpareFile::take() {
  if (!file_) file_ = net::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return static_cast<bool>(file_);
}

}  // namespace sengu::proxy
