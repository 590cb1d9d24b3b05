#include "health/mysql/text.hpp"

namespace sengu::health::mysql {

std::string quoted(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\0') {
      literal += "\\0";
      continue;
    }
    if (c == '\'' || c == '\\') literal += '\\';
    literal += c;
  }
  return literal + "'";
}

namespace {

void hide(std::string& text, std::string_view secret) {
  constexpr std::string_view stars = "***";
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + stars.size()))
    text.replace(at, secret.size(), stars);
}

}  // namespace

std::string without_secret(std::string text, std::string_view secret) {
  if (secret.empty()) return text;
  const auto literal = quoted(secret);
  const auto escaped = literal.substr(1, literal.size() - 2);
  hide(text, escaped);
  if (escaped != secret) hide(text, secret);
  return text;
}

}  // namespace sengu::health::mysql
