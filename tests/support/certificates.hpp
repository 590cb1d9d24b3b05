// A folder of certificates for one test (tests/support/make-certificates makes them), removed with the object.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "tests/support/source_dir.hpp"

namespace sengu::test {

class Certificates {
 public:
  /// For servers at these addresses.
  explicit Certificates(const std::vector<std::string>& addresses) {
    char pattern[] = "/tmp/sengu-tls-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    std::string command = source_dir() + "/tests/support/make-certificates " + folder_.string();
    for (const auto& address : addresses) command += " " + address;
    if (::system(command.c_str()) != 0) throw std::runtime_error("needs openssl: deploy/install-deps test");
  }
  ~Certificates() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  /// Lines of a Redis configuration: nothing but TLS. `who` is a server of make-certificates.
  std::string redis_options(const std::string& ask_clients, const std::string& who = "server") const {
    return "port 0\ntls-port 6379\ntls-replication yes\ntls-auth-clients " + ask_clients + "\ntls-ca-cert-file " +
           file("ca.pem") + "\ntls-cert-file " + file(who + ".pem") + "\ntls-key-file " + file(who + ".key") + "\n";
  }
  /// A policy as it is without files.
  static config::TlsPolicy policy(config::Tls mode) { return {mode, "", "", ""}; }
  /// `verify`, and what sengu shows: a client of make-certificates, or "".
  config::TlsPolicy verify(const std::string& client, const std::string& ca = "ca") const {
    config::TlsPolicy policy{config::Tls::verify, file(ca + ".pem"), "", ""};
    if (!client.empty()) policy.cert_file = file(client + ".pem"), policy.key_file = file(client + ".key");
    return policy;
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace sengu::test
