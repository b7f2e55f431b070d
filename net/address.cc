#include "net/address.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "isodb/error.h"

namespace isodb::net {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // of a name in the DNS

[[noreturn]] void refuse(std::string_view text, const std::string& why, std::string_view form) {
  // What was typed may be anything: only what can be printed is said again.
  std::string shown(text.substr(0, 200));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  throw Error(ErrorCode::kInvalid, "'" + shown + "' is no address: " + why,
              "write " + std::string(form));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_';
}

bool is_ipv6_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

/// What is wrong with a host; empty: nothing. A zone (fe80::1%eth0) may follow an IPv6 address.
std::string fault_of_host(std::string_view host, bool in_brackets) {
  if (host.empty()) return "a host is missing";
  if (host.size() > kHostBytesMax) return "the host has more than 253 characters";
  if (in_brackets) {
    const auto percent = host.find('%');
    const std::string_view address = host.substr(0, percent);
    const std::string_view zone =
        percent == std::string_view::npos ? "x" : host.substr(percent + 1);
    const bool fine = std::count(address.begin(), address.end(), ':') >= 2 && !zone.empty() &&
                      std::all_of(address.begin(), address.end(), is_ipv6_character) &&
                      std::all_of(zone.begin(), zone.end(), is_name_character);
    return fine ? "" : "what stands in brackets is no IPv6 address";
  }
  if (host.front() == '-') return "a host does not begin with '-'";
  if (!std::all_of(host.begin(), host.end(), is_name_character)) {
    return "a host has letters, digits, '-', '.' and '_' only";
  }
  return "";
}

struct HostAndPort {
  std::string host;
  std::optional<std::uint16_t> port;
  std::string fault;  ///< empty: none
};

/// host, host:port, [v6], [v6]:port
HostAndPort split(std::string_view text) {
  HostAndPort parts;
  std::string_view host = text, rest;
  const bool in_brackets = text.starts_with('[');
  if (in_brackets) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return {.fault = "a ']' is missing"};
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return {.fault = "after ']' only ':port' may follow"};
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
    if (rest.find(':', 1) != std::string_view::npos) {
      return {.fault = "an IPv6 address stands in brackets"};
    }
  }
  parts.host = host;
  parts.fault = fault_of_host(host, in_brackets);
  if (rest.empty()) return parts;
  rest.remove_prefix(1);
  unsigned number = 0;
  const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (code != std::errc() || end != rest.data() + rest.size() || number > 65'535) {
    parts.fault = "a port is a number from 1 to 65535";
  }
  parts.port = static_cast<std::uint16_t>(number);
  return parts;
}

/// What stands between "scheme://" and the path.
std::string_view cut_authority(std::string_view text, std::string_view scheme,
                               std::string_view form, std::string& path) {
  if (!text.starts_with(scheme)) {
    refuse(text, "it does not begin with " + std::string(scheme), form);
  }
  std::string_view authority = text.substr(scheme.size());
  const auto slash = authority.find('/');
  if (slash != std::string_view::npos) {
    path = authority.substr(slash);
    authority = authority.substr(0, slash);
  }
  if (path.find('\0') != std::string::npos) refuse(text, "a path has no byte 0", form);
  return authority;
}

}  // namespace

Address Address::parse(std::string_view text) {
  constexpr std::string_view kForm = "isodb://host[:port]";
  Address address;
  const std::string_view authority = cut_authority(text, "isodb://", kForm, address.path);
  const HostAndPort parts = split(authority);
  if (!parts.fault.empty()) refuse(text, parts.fault, kForm);
  if (parts.port == 0) refuse(text, "a port is a number from 1 to 65535", kForm);
  address.host = parts.host;
  address.port = parts.port.value_or(kDefaultPort);
  return address;
}

Address Address::parse_listen(std::string_view text) {
  constexpr std::string_view kForm = "host, host:port, [IPv6]:port or :port";
  Address address;
  if (text.empty()) return address;
  const bool every = text.front() == ':';
  const HostAndPort parts = split(every ? "every" + std::string(text) : std::string(text));
  if (!parts.fault.empty()) refuse(text, parts.fault, kForm);
  if (!every) address.host = parts.host;
  address.port = parts.port.value_or(kDefaultPort);
  return address;
}

std::string Address::text() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned byte = 0;
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || end != digits.data() + 2 || code != std::errc() || byte == 0) {
      throw Error(ErrorCode::kInvalid, "no URL: '%' without two hexadecimal digits after it",
                  "a '%' itself is written %25");
    }
    result += static_cast<char>(byte);
    i += 2;
  }
  return result;
}

SshAddress SshAddress::parse(std::string_view text) {
  constexpr std::string_view kForm = "ssh://[user@]host[:port]/path";
  SshAddress address;
  std::string_view authority = cut_authority(text, "ssh://", kForm, address.path);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    address.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    if (address.user.find(':') != std::string::npos) {
      refuse(text, "a password does not belong there", kForm);
    }
    if (address.user.empty() || address.user.front() == '-' ||
        !std::all_of(address.user.begin(), address.user.end(), is_name_character)) {
      refuse(text, "a user has letters, digits, '-', '.' and '_', and does not begin with '-'",
             kForm);
    }
  }
  const HostAndPort parts = split(authority);
  if (!parts.fault.empty()) refuse(text, parts.fault, kForm);
  if (parts.port == 0) refuse(text, "a port is a number from 1 to 65535", kForm);
  if (address.path.size() < 2) refuse(text, "a path is missing", kForm);
  address.path = percent_decoded(address.path);
  address.host = parts.host;
  address.port = parts.port.value_or(0);
  return address;
}

}  // namespace isodb::net
