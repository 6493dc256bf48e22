/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* exchange.h: one request and its answer, without HTTP.
 *
 * It is made on a thread that must not wait: the message is parsed and everything it names is
 * looked up. Then it runs: at once when it is quick, else where it may wait. Whatever is wrong, at
 * any time, becomes the answer: a fault.
 */
#ifndef WSMAN_EXCHANGE_H
#define WSMAN_EXCHANGE_H

#include "wsman/batch.h"
#include "wsman/envelope.h"
#include "wsman/wsman.h"

typedef struct WsmanExchange WsmanExchange;

/* What was posted; borrowed while the exchange is made; the caller and the id for its life. */
typedef struct
{
  const char *bytes;
  size_t length_bytes;
  const CairnCaller *caller;
  const char *request_id;
  gboolean identify_only; /* posted to where nothing else is served */
} WsmanPost;

/* One operation. */
typedef struct
{
  const char *action; /* NULL: Identify has none, Invoke any */
  WsmanAbout about;   /* what an invalid parameter of the broker's is about */

  /* Looks up what the message names, waiting for nothing; may set is_quick. */
  gboolean (*prepare) (WsmanExchange *exchange, GError **error);

  /* Does it, and appends the whole answer. */
  gboolean (*run) (WsmanExchange *exchange, GError **error);
} WsmanOperation;

struct WsmanExchange
{
  const WsmanServer *server;
  gboolean is_authenticated;
  gboolean is_utf16; /* the request, and so the answer */
  CimCall call;
  CairnXmlDocument *document; /* NULL: it couldn't be parsed */
  WsmanEnvelope envelope;
  const WsmanOperation *operation; /* NULL: none was found */
  gboolean is_quick;
  GError *error; /* found while it was made; it is the answer */

  /* What prepare leaves for run, as each needs. */
  const CimClass *class;
  CimPath path;
  WsmanSpelling spelling;
  const CimResolvedMethod *method;
  CimInstance *in;
  CimContext *context; /* of Enumerate: a new one; of Pull and Release: taken */
  char context_id[37]; /* of a taken one; "" = it is new */
  WsmanBatch batch;
  gboolean is_optimized;
  gboolean wants_expires;

  /* The answer. */
  GString *out;  /* UTF-8 until it has run */
  guint status;  /* of HTTP */
  char *message; /* why it failed (a method too), in a sentence; NULL */
};

WsmanExchange *wsman_exchange_new (const WsmanServer *server, const WsmanPost *post);

/* Once: `out`, `status` and `message` are set then. */
void wsman_exchange_run (WsmanExchange *exchange);

/* Instead of running it: too many others wait. */
void wsman_exchange_refuse (WsmanExchange *exchange);
void wsman_exchange_free (WsmanExchange *exchange);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WsmanExchange, wsman_exchange_free)

/* The size that the answer may have while it is UTF-8. */
size_t wsman_exchange_limit (const WsmanExchange *exchange);

/* For operations on one object: class, path and spelling from URI and selectors. Those must be keys
 * of the class. */
gboolean wsman_exchange_find_object (WsmanExchange *exchange, GError **error);

/* The same for those on a class. */
gboolean wsman_exchange_find_class (WsmanExchange *exchange, GError **error);

/* Frees the context, or gives it back for the next Pull. */
void wsman_exchange_end_context (WsmanExchange *exchange);
void wsman_exchange_return_context (WsmanExchange *exchange);

extern const WsmanOperation wsman_identify, wsman_get, wsman_get_class, wsman_put, wsman_create,
    wsman_delete, wsman_enumerate, wsman_pull, wsman_release, wsman_invoke;

#endif
