#include "CNet.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct alpn_choice {
  int required;
  unsigned length;
  unsigned char names[];
};

static int alpn_slot = -1;

static void free_alpn(void *parent, void *data, CRYPTO_EX_DATA *ad, int index, long argl, void *argp) {
  (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
  free(data);
}

static CRYPTO_ONCE alpn_once = CRYPTO_ONCE_STATIC_INIT;
static void make_alpn_slot(void) { alpn_slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_alpn); }

static int select_alpn(SSL *session, const unsigned char **out, unsigned char *length, const unsigned char *offered,
                       unsigned offered_length, void *unused) {
  (void)unused;
  const struct alpn_choice *choice = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), alpn_slot);
  if (!choice) return SSL_TLSEXT_ERR_NOACK;
  unsigned char *picked;
  if (SSL_select_next_proto(&picked, length, choice->names, choice->length, offered, offered_length) ==
      OPENSSL_NPN_NEGOTIATED) {
    *out = picked;
    return SSL_TLSEXT_ERR_OK;
  }
  return choice->required ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
}

SSL_CTX *cnet_tls_context(int is_server, int min_version, int tickets) {
  ERR_clear_error();
  SSL_CTX *context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
  if (!context) return NULL;
  SSL_CTX_set_min_proto_version(context, min_version == 12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (tickets == 0) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, (size_t)tickets);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, (const unsigned char *)"aether", 6);
  // One system call fetches a whole record instead of first its header.
  SSL_CTX_set_read_ahead(context, 1);
  return context;
}

/// Never asks a terminal for the passphrase of an encrypted key.
static int no_passphrase(char *buffer, int size, int for_writing, void *unused) {
  (void)buffer, (void)size, (void)for_writing, (void)unused;
  return -1;
}

int cnet_tls_use_chain(SSL_CTX *context, const void *pem, size_t length) {
  ERR_clear_error();
  BIO *input = BIO_new_mem_buf(pem, (int)length);
  if (!input) return 0;
  X509 *certificate = PEM_read_bio_X509_AUX(input, NULL, no_passphrase, NULL);
  int ok = certificate && SSL_CTX_use_certificate(context, certificate) == 1;
  X509_free(certificate);
  while (ok && (certificate = PEM_read_bio_X509(input, NULL, no_passphrase, NULL))) {
    ok = SSL_CTX_add1_chain_cert(context, certificate) == 1;
    X509_free(certificate);
  }
  if (ok) ERR_clear_error();  // the end of the PEM text counts as an error
  BIO_free(input);
  return ok;
}

int cnet_tls_use_key(SSL_CTX *context, const void *pem, size_t length) {
  ERR_clear_error();
  BIO *input = BIO_new_mem_buf(pem, (int)length);
  if (!input) return 0;
  EVP_PKEY *key = PEM_read_bio_PrivateKey(input, NULL, no_passphrase, NULL);
  BIO_free(input);
  int ok = key && SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
  EVP_PKEY_free(key);
  return ok;
}

int cnet_tls_trust(SSL_CTX *context, const void *pem, size_t length, int announce) {
  ERR_clear_error();
  BIO *input = BIO_new_mem_buf(pem, (int)length);
  if (!input) return 0;
  int count = 0, ok = 1;
  X509 *certificate;
  while (ok && (certificate = PEM_read_bio_X509(input, NULL, no_passphrase, NULL))) {
    ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1;
    if (ok && announce) ok = SSL_CTX_add_client_CA(context, certificate) == 1;
    X509_free(certificate);
    count++;
  }
  BIO_free(input);
  if (ok && count > 0) ERR_clear_error();
  return ok ? count : 0;
}

void cnet_tls_set_verify(SSL_CTX *context, enum cnet_tls_verify mode) {
  int flags = mode == cnet_tls_verify_none ? SSL_VERIFY_NONE
            : mode == cnet_tls_verify_optional ? SSL_VERIFY_PEER
                                               : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, flags, NULL);
}

int cnet_tls_set_alpn(SSL_CTX *context, int is_server, const uint8_t *names, size_t length, int required) {
  ERR_clear_error();
  if (!is_server) return SSL_CTX_set_alpn_protos(context, names, (unsigned)length) == 0;
  CRYPTO_THREAD_run_once(&alpn_once, make_alpn_slot);
  struct alpn_choice *choice = malloc(sizeof *choice + length);
  if (!choice) return 0;
  choice->required = required;
  choice->length = (unsigned)length;
  memcpy(choice->names, names, length);
  if (alpn_slot < 0 || SSL_CTX_set_ex_data(context, alpn_slot, choice) != 1) {
    free(choice);
    return 0;
  }
  SSL_CTX_set_alpn_select_cb(context, select_alpn, NULL);
  return 1;
}

SSL *cnet_tls_session(SSL_CTX *context, int descriptor, int is_server) {
  ERR_clear_error();
  SSL *session = SSL_new(context);
  if (!session) return NULL;
  if (SSL_set_fd(session, descriptor) != 1) {
    SSL_free(session);
    return NULL;
  }
  if (is_server) SSL_set_accept_state(session);
  else SSL_set_connect_state(session);
  return session;
}

int cnet_tls_expect_host(SSL *session, const char *host) {
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set_tlsext_host_name(session, host) == 1 && SSL_set1_host(session, host) == 1;
}

int cnet_tls_expect_ip(SSL *session, const char *address) {
  return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), address) == 1;
}

// OpenSSL's error queue belongs to the thread: what one session left behind would be taken for another session's failure.
static void clear_errors(void) {
  if (ERR_peek_error()) ERR_clear_error();
}

static int outcome(SSL *session, int result) {
  if (result > 0) return result;
  int code = errno;
  switch (SSL_get_error(session, result)) {
  case SSL_ERROR_ZERO_RETURN: return cnet_tls_end;
  case SSL_ERROR_WANT_READ: return cnet_tls_want_read;
  case SSL_ERROR_WANT_WRITE: return cnet_tls_want_write;
  case SSL_ERROR_SYSCALL:
    errno = code ? code : ECONNRESET;
    return cnet_tls_socket;
  default:
    return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? cnet_tls_truncated : cnet_tls_failed;
  }
}

int cnet_tls_handshake(SSL *session) {
  clear_errors();
  errno = 0;
  return outcome(session, SSL_do_handshake(session));
}

int cnet_tls_read(SSL *session, void *buffer, int capacity) {
  clear_errors();
  errno = 0;
  return outcome(session, SSL_read(session, buffer, capacity));
}

int cnet_tls_write(SSL *session, const void *bytes, int count) {
  clear_errors();
  errno = 0;
  return outcome(session, SSL_write(session, bytes, count));
}

void cnet_tls_end_output(SSL *session) {
  clear_errors();
  if (SSL_is_init_finished(session)) SSL_shutdown(session);
  ERR_clear_error();
}

void cnet_tls_reason(char *text, size_t capacity) {
  unsigned long code = ERR_get_error();
  const char *reason = code ? ERR_reason_error_string(code) : NULL;
  strncpy(text, reason ? reason : "", capacity - 1);
  text[capacity - 1] = 0;
  ERR_clear_error();
}

const char *cnet_tls_verify_text(SSL *session) {
  long result = SSL_get_verify_result(session);
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

X509 *cnet_tls_peer(SSL *session) { return SSL_get1_peer_certificate(session); }

void cnet_x509_names(X509 *certificate, void *context, void (*body)(void *, int kind, const uint8_t *, int)) {
  GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
    int kind;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);
    if (kind == GEN_DNS || kind == GEN_URI) body(context, kind, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
  }
  GENERAL_NAMES_free(names);
}

int cnet_x509_common_name(X509 *certificate, char *text, int capacity) {
  X509_NAME *subject = X509_get_subject_name(certificate);
  int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return -1;
  unsigned char *utf8 = NULL;
  int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (length < 0) return -1;
  if (length <= capacity) memcpy(text, utf8, (size_t)length);
  OPENSSL_free(utf8);
  return length <= capacity ? length : -1;
}
