#include "COpenSSLShim.h"

#include <openssl/crypto.h>

// OpenSSL frees its tables in an exit handler, while threads that used it may just be ending, or still use it, and look into
// them: one in some thousand exits crashed. Without the handler the kernel frees them. It must be said before anything else is
// asked of OpenSSL, hence before `main`.
__attribute__((constructor)) static void keep_tables_at_exit(void) {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}
