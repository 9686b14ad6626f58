// What Swift cannot call or import directly: packed structs, macros, GNU-only functions.
// Every function that returns int gives a descriptor or zero on success and -errno on failure, unless its comment says otherwise.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/// One readiness report; `token` is what `cnet_epoll_set` was given.
struct cnet_event {
  uint64_t token;
  uint32_t events;
};

int cnet_epoll_create(void);
int cnet_epoll_set(int epoll, int operation, int descriptor, uint32_t events, uint64_t token);
/// Waits for readiness; returns the number of filled events (0 on time-out or EINTR).
int cnet_epoll_wait(int epoll, struct cnet_event *events, int capacity, int timeout_ms);
int cnet_eventfd(void);
/// Adds one to the eventfd.
void cnet_eventfd_signal(int descriptor);
/// Resets the eventfd to zero.
void cnet_eventfd_clear(int descriptor);

/// A non-blocking close-on-exec socket; TCP sockets get TCP_NODELAY.
int cnet_socket(int family, int type);
int cnet_accept(int listener, struct sockaddr_storage *peer, socklen_t *length);
int cnet_set_option(int descriptor, int level, int name, int value);
void cnet_set_nodelay(int descriptor);
/// Pending error of a socket (SO_ERROR), 0 when there is none.
int cnet_socket_error(int descriptor);
/// Blocks SIGPIPE for the calling thread, so that writing to a closed peer gives EPIPE instead of a signal.
void cnet_block_sigpipe(void);
/// Names the calling thread (at most 15 bytes).
void cnet_name_thread(const char *name);
/// Monotonic time in nanoseconds.
uint64_t cnet_now(void);
/// Identity of the calling thread; never 0.
uintptr_t cnet_thread_identity(void);

// MARK: TLS (OpenSSL). Calls return 1 on success and 0 on failure with OpenSSL's error queue set, unless said otherwise.

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

enum cnet_tls_verify { cnet_tls_verify_none, cnet_tls_verify_optional, cnet_tls_verify_required };

/// A context with compression, renegotiation and session caching off; NULL on failure. `min_version` is 12 or 13.
struct ssl_ctx_st *cnet_tls_context(int is_server, int min_version, int tickets);
/// Certificate (first) and its intermediate certificates, PEM.
int cnet_tls_use_chain(struct ssl_ctx_st *context, const void *pem, size_t length);
/// Private key, PEM, not encrypted; must fit the certificate set before.
int cnet_tls_use_key(struct ssl_ctx_st *context, const void *pem, size_t length);
/// Adds trusted certificates, PEM; with `announce` a server names them to its clients. Returns how many, 0 on failure.
int cnet_tls_trust(struct ssl_ctx_st *context, const void *pem, size_t length, int announce);
void cnet_tls_set_verify(struct ssl_ctx_st *context, enum cnet_tls_verify mode);
/// ALPN names in wire form (length byte and text each). A server picks the first of its own that the client offers;
/// without a common one it refuses when `required`, else goes on without.
int cnet_tls_set_alpn(struct ssl_ctx_st *context, int is_server, const uint8_t *names, size_t length, int required);

/// A session on a connected descriptor; NULL on failure.
struct ssl_st *cnet_tls_session(struct ssl_ctx_st *context, int descriptor, int is_server);
/// Name sent as SNI and checked against the certificate.
int cnet_tls_expect_host(struct ssl_st *session, const char *host);
/// Literal IP address checked against the certificate.
int cnet_tls_expect_ip(struct ssl_st *session, const char *address);

/// Outcome of a handshake, read or write: a positive count (1 for a handshake) or one of these.
enum cnet_tls_outcome {
  cnet_tls_end = 0,          // the peer sent its close_notify
  cnet_tls_want_read = -1,
  cnet_tls_want_write = -2,
  cnet_tls_failed = -3,      // protocol failure; see cnet_tls_reason
  cnet_tls_truncated = -4,   // end of the socket without close_notify
  cnet_tls_socket = -5,      // the socket failed; errno is set
};
int cnet_tls_handshake(struct ssl_st *session);
int cnet_tls_read(struct ssl_st *session, void *buffer, int capacity);
int cnet_tls_write(struct ssl_st *session, const void *bytes, int count);
/// Sends close_notify.
void cnet_tls_end_output(struct ssl_st *session);
/// Text of the oldest queued error ("" when there is none); empties the queue.
void cnet_tls_reason(char *text, size_t capacity);
/// Text of the certificate verification failure of a session, "" when it succeeded.
const char *cnet_tls_verify_text(struct ssl_st *session);

/// Peer certificate, to be freed with X509_free; NULL without one.
struct x509_st *cnet_tls_peer(struct ssl_st *session);
/// Calls `body` for each subject alternative name: kind 2 is a DNS name, 6 a URI (RFC 5280 GeneralName tags).
void cnet_x509_names(struct x509_st *certificate, void *context, void (*body)(void *, int kind, const uint8_t *, int));
/// Common name of the subject as UTF-8; the length, or -1 without one or when it does not fit.
int cnet_x509_common_name(struct x509_st *certificate, char *text, int capacity);

// MARK: Datagrams and serial lines

/// Sends one datagram; the number of bytes.
long cnet_send_to(int descriptor, const void *bytes, size_t count, const struct sockaddr *peer, socklen_t length);
/// One received datagram.
struct cnet_datagram {
  struct sockaddr_storage peer;
  socklen_t peer_length;
  uint32_t length;
  /// Whether it was longer than the slot.
  int truncated;
};
/// Receives up to `capacity` datagrams into slots of `slot` bytes each; how many, or -errno.
int cnet_receive(int descriptor, struct cnet_datagram *datagrams, void *buffer, size_t slot, int capacity);

enum cnet_parity { cnet_parity_none, cnet_parity_even, cnet_parity_odd };
/// Opens a serial line raw, 8 data bits, non-blocking and not as controlling terminal. -EINVAL for an unknown rate.
int cnet_serial_open(const char *path, uint32_t baud, enum cnet_parity parity, int stop_bits, int hardware_flow);
/// Opens a pseudo terminal pair's controlling side and writes the other side's path; for tests.
int cnet_pty_open(char *path, size_t capacity);
