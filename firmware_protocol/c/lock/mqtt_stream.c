#define _POSIX_C_SOURCE 200809L
#include "mqtt_stream.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000

bool mqtt_prepare(struct mqtt *link, const struct mqtt_account *account)
{
    link->socket = -1;
    link->tls = SSL_CTX_new(TLS_client_method());
    if (link->tls == NULL) {
        return false;
    }
    SSL_CTX_set_verify(link->tls, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_set_min_proto_version(link->tls, TLS1_2_VERSION) == 1
           && SSL_CTX_load_verify_locations(link->tls, account->authority, NULL) == 1
           && SSL_CTX_use_certificate_chain_file(link->tls, account->certificate) == 1
           && SSL_CTX_use_PrivateKey_file(link->tls, account->private_key, SSL_FILETYPE_PEM) == 1
           && SSL_CTX_check_private_key(link->tls) == 1;
}

static bool ready(int socket, short events, int milliseconds)
{
    struct pollfd one = {.fd = socket, .events = events};

    return poll(&one, 1, milliseconds) > 0;
}

static int dial(const struct mqtt_account *account)
{
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int made = -1;

    if (getaddrinfo(account->host, account->port, &wanted, &found) != 0) {
        return -1;
    }
    for (struct addrinfo *at = found; at != NULL && made < 0; at = at->ai_next) {
        int error = 0;
        socklen_t size = sizeof error;
        int one = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (one < 0) {
            continue;
        }
        int flags = fcntl(one, F_GETFL);
        bool begun = fcntl(one, F_SETFL, flags | O_NONBLOCK) == 0;
        (void)connect(one, at->ai_addr, at->ai_addrlen);
        if (begun && ready(one, POLLOUT, PATIENCE_MS)
            && getsockopt(one, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
            int on = 1;
            (void)setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            made = one;
        } else {
            (void)close(one);
        }
    }
    freeaddrinfo(found);
    return made;
}

/* Whether it is worth trying again: TLS wants to read or write first, and could within our patience. */
static bool again(struct mqtt *link, int result)
{
    int wants = SSL_get_error(link->stream, result);

    return (wants == SSL_ERROR_WANT_READ && ready(link->socket, POLLIN, PATIENCE_MS))
           || (wants == SSL_ERROR_WANT_WRITE && ready(link->socket, POLLOUT, PATIENCE_MS));
}

bool stream_open(struct mqtt *link, const struct mqtt_account *account)
{
    int done;

    link->socket = dial(account);
    if (link->socket < 0) {
        return false;
    }
    link->stream = SSL_new(link->tls);
    if (link->stream == NULL || SSL_set_fd(link->stream, link->socket) != 1
        || SSL_set1_host(link->stream, account->host) != 1) {
        return false;
    }
    do {
        done = SSL_connect(link->stream);
    } while (done != 1 && again(link, done));
    return done == 1;
}

bool stream_write(struct mqtt *link, const uint8_t *at, size_t length)
{
    while (length != 0) {
        int done = SSL_write(link->stream, at, (int)length);
        if (done > 0) {
            at += done;
            length -= (size_t)done;
        } else if (!again(link, done)) {
            return false;
        }
    }
    return true;
}

int stream_read(struct mqtt *link, uint8_t *at, size_t room)
{
    int done = SSL_read(link->stream, at, (int)room);

    if (done > 0) {
        return done;
    }
    int why = SSL_get_error(link->stream, done);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool stream_wait(struct mqtt *link, int milliseconds)
{
    return SSL_pending(link->stream) > 0 || ready(link->socket, POLLIN, milliseconds);
}

void mqtt_close(struct mqtt *link)
{
    SSL_free(link->stream); /* without a goodbye: the broker says the will, as after any other break */
    if (link->socket >= 0) {
        (void)close(link->socket);
    }
    link->stream = NULL;
    link->socket = -1;
    link->in_length = 0;
}
