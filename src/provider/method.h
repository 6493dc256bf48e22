/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* method.h: how the service's methods run: as orders to the job queue, each with its own return
 * table.
 *
 * A method's arguments are taken out of the request into an order of its own (a struct that begins
 * with CairnMethodOrder), since it may outlive the request.
 */
#ifndef CAIRN_PROVIDER_METHOD_H
#define CAIRN_PROVIDER_METHOD_H

#include "provider/backend.h"

/* The return value for a failure; 0 and 4096 are the same in all tables. */
typedef uint32_t (*CairnReturnTable) (int code);

uint32_t cairn_return_vendor (int code); /* 32768 ... 32778: as they are */
uint32_t cairn_return_dmtf (int code);   /* CreateReferencePoint, ConvertToReferencePoint: 1 to 6 */

typedef struct
{
  CairnJobType type;
  CairnReturnTable table;
  gboolean (*prepare) (CairnJob *job, CairnService *service, gpointer arguments, GError **error);
  gboolean (*run) (CairnJob *job, CairnService *service, gpointer arguments, GError **error);
  gboolean always_a_job; /* once it runs */
} CairnMethod;

/* Runs METHOD with ARGUMENTS (taken over, freed with FREE_ARGUMENTS) as the caller, sets Job in OUT
 * when it became one, and returns the return value. *RECORD (may be NULL) is what it did, when it
 * succeeded or became a job. */
uint32_t cairn_method_run (CimCall *call, const CairnMethod *method, gpointer arguments,
                           GDestroyNotify free_arguments, CimInstance *out, CairnJobRecord **record,
                           char **message);

/* The instance of CLASS_NAME in the text of argument NAME, the caller's; *SETTINGS stays NULL when
 * there is no text. */
gboolean cairn_method_take_settings (const CimInstance *in, const char *name,
                                     const char *class_name, CimInstance **settings,
                                     GError **error);

/* ConsistencyLevel of settings: 0 and NULL leave the choice, which is 0 in *CONSISTENCY. */
gboolean cairn_method_take_consistency (const CimInstance *settings, CairnConsistency *consistency,
                                        GError **error);

/* An argument is wrong: its return value; takes ERROR. */
uint32_t cairn_method_refuse (CairnReturnTable table, GError *error, char **message);

#endif
