/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* provider.h: where instances come from.
 *
 * A provider serves one concrete class; an association one association class. They are tables, in
 * src/provider, and see one operation's CimCall. They judge no rights of operations: the broker has
 * asked before; files are another matter (src/job runs methods as the caller).
 *
 * Threads: any number at once.
 */
#ifndef CIM_PROVIDER_H
#define CIM_PROVIDER_H

#include "cim/error.h"
#include "cim/instance.h"
#include "refpoint/caller.h"

/* One operation of one client. */
typedef struct
{
  const CairnCaller *caller; /* who asks; never NULL */
  const char *request_id;    /* for the log */
  int64_t deadline;          /* monotonic, microseconds */
  gpointer backend;          /* the providers' (src/provider/backend.h) */
} CimCall;

/* What is asked of a class. The hints may be ignored: what doesn't fit is dropped by the asker. */
typedef struct
{
  const char *after; /* only instances whose position (cim_instance_position) is greater, bytewise;
                        NULL = from the start */
  guint limit;       /* at most so many */
  const CimClass *asked; /* the class that is enumerated: the provider's or one above it; NULL when
                            it isn't one that is */
  const char *(*required) (gconstpointer query, const char *property); /* NULL, or: the text that a
                                                                          property must have */
  gconstpointer query;
} CimPage;

typedef struct
{
  const char *class_name;
  gboolean is_quick; /* page and get never wait: for no hypervisor, no disk but the store's */

  /* Appends instances (of CimInstance, the caller's) in the order of their positions. Fewer than
   * the limit: there are no more. */
  gboolean (*page) (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
                    GError **error);

  /* The one that PATH's keys choose, which are all of the class's keys or some of them. NULL with
   * NOT_FOUND. This member NULL: it is looked for with page. */
  CimInstance *(*get) (CimCall *call, const CimClass *class, const CimPath *path, GError **error);
} CimProvider;

/* An association: how to come from an object at one end to those at the other. */
typedef struct
{
  const char *class_name;
  const char *roles[2];       /* "Antecedent", "Dependent" */
  const char *class_names[2]; /* of the instances at the ends, concrete or not */
  gboolean is_quick;

  /* across[i]: from SOURCE at end i to the instances at the other one, paged as above. */
  gboolean (*across[2]) (CimCall *call, const CimInstance *source, const CimPage *page,
                         GPtrArray *instances, GError **error);

  /* Sets what the association's instance has beyond its two ends. NULL: nothing. */
  void (*fill) (CimCall *call, CimInstance *association, const CimInstance *const ends[2]);
} CimAssociation;

/* A method of a class: OUT is an instance of the method's parameters, to be filled. FALSE is for
 * what WMI would reject; a failure of the method itself is *RETURN_VALUE. *MESSAGE (owned by the
 * asker) may then say why in a sentence. */
typedef gboolean (*CimInvokeFunc) (CimCall *call, const CimInstance *object, const CimInstance *in,
                                   CimInstance *out, uint32_t *return_value, char **message,
                                   GError **error);

typedef struct
{
  const char
      *class_name; /* the class that declares it, or any derived one that does it its own way */
  const char *method;
  gboolean is_quick;
  CimInvokeFunc invoke;
} CimMethodHandler;

/* All of them. Arrays end with a NULL, or a member whose class_name is NULL. */
typedef struct
{
  const CimProvider *const *providers;
  const CimAssociation *const *associations;
  const CimMethodHandler *methods;
  const char *server; /* __SERVER, SystemName: the host's name in upper case */
} CimProviders;

/* For a provider that has a short list: sorts ALL (of CimInstance) by position and moves those of
 * PAGE to INSTANCES. */
void cim_page_take (const CimPage *page, GPtrArray *all, GPtrArray *instances);

#endif
