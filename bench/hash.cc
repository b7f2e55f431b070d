#include "bench/hash.h"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace isodb::bench {

Hash sha256(std::string_view data) {
  static const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> algorithm(
      EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free);
  thread_local const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                                EVP_MD_CTX_free);
  Hash hash;
  if (EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), data.data(), data.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(hash.data()), nullptr) !=
          1) {
    throw std::runtime_error("OpenSSL cannot hash");
  }
  return hash;
}

}  // namespace isodb::bench
