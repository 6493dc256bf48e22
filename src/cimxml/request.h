/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request.h: one CIM-XML request, from its arrival to the last byte of its answer.
 *
 * handle.c reads the message (message.c) and its parameters (parameter.c), finds the operation
 * (operation.c) and calls its `begin` on the listener's thread; its `run` there too if it is quick,
 * else on a thread that may block. What `run` appends to `out` is the content of the response
 * element; answer.c puts the rest around it. An enumeration that doesn't end with its first page
 * goes on page by page while the answer is sent (enumerate.c).
 *
 * A request is used by one thread at a time.
 * Source: DSP0200, CIM Operations over HTTP; DSP0201, Representation of CIM in XML.
 */
#ifndef CIMXML_REQUEST_H
#define CIMXML_REQUEST_H

#include "cim/xmlform.h"
#include "cimxml/cimxml.h"

typedef struct CimxmlRequest CimxmlRequest;

/* ---- parameters of intrinsic operations ---- */

typedef enum
{
  CIMXML_CLASS_NAME = 1 << 0,
  CIMXML_INSTANCE_NAME = 1 << 1,
  CIMXML_OBJECT_NAME = 1 << 2, /* of a class, or an instance */
  CIMXML_LOCAL_ONLY = 1 << 3,
  CIMXML_DEEP = 1 << 4,
  CIMXML_QUALIFIERS = 1 << 5,
  CIMXML_CLASS_ORIGIN = 1 << 6,
  CIMXML_PROPERTY_LIST = 1 << 7,
  CIMXML_ASSOC_CLASS = 1 << 8,
  CIMXML_RESULT_CLASS = 1 << 9,
  CIMXML_ROLE = 1 << 10,
  CIMXML_RESULT_ROLE = 1 << 11,
  CIMXML_QUERY_LANGUAGE = 1 << 12,
  CIMXML_QUERY = 1 << 13,
  CIMXML_FILTER_LANGUAGE = 1 << 14,
  CIMXML_FILTER_QUERY = 1 << 15,
  CIMXML_QUERY_RESULT_CLASS = 1 << 16,
  CIMXML_PROPERTY_NAME = 1 << 17,
  CIMXML_QUALIFIER_NAME = 1 << 18,
  CIMXML_CONTEXT = 1 << 19,
  CIMXML_MAX_COUNT = 1 << 20,
  CIMXML_TIMEOUT = 1 << 21,
  CIMXML_CONTINUE = 1 << 22,
} CimxmlParameter;

/* What a client may have a property list of: each instance is compared with it. */
#define CIMXML_PROPERTY_NAMES_MAX 256u
#define CIMXML_PROPERTY_BYTES_MAX 4096u

/* Given ones; what isn't there is NULL, 0, or the operation's default. */
typedef struct
{
  unsigned given;    /* of CimxmlParameter: those that aren't NULL */
  unsigned booleans; /* of CimxmlParameter: those that are true */
  const char *class_name, *assoc_class, *result_class;
  const CimPath *path; /* InstanceName or ObjectName, in the request's namespace */
  const char *const *properties;
  guint n_properties;
  const char *role, *result_role, *query_language, *query, *filter_language, *filter_query;
  const char *property_name, *qualifier_name, *context;
  uint64_t max_count, timeout_s;
} CimxmlParameters;

/* Reads the IPARAMVALUEs into request->parameters. INVALID_PARAMETER: unknown to the operation,
 * twice, missing, of another form; TYPE_MISMATCH. */
gboolean cimxml_parameters_read (CimxmlRequest *request, GError **error);

/* ---- how objects are written (object.c) ---- */

typedef enum
{
  CIMXML_NAMED_INSTANCE,     /* VALUE.NAMEDINSTANCE */
  CIMXML_NAME,               /* INSTANCENAME */
  CIMXML_OBJECT_WITH_PATH,   /* VALUE.OBJECTWITHPATH */
  CIMXML_OBJECT_PATH,        /* OBJECTPATH */
  CIMXML_INSTANCE_WITH_PATH, /* VALUE.INSTANCEWITHPATH */
  CIMXML_INSTANCE_PATH,      /* INSTANCEPATH */
  CIMXML_INSTANCE,           /* INSTANCE */
} CimxmlForm;

typedef struct
{
  CimxmlForm form;
  unsigned flags;                /* CimXmlFlags */
  const char *const *properties; /* NULL = all */
} CimxmlStyle;

void cimxml_append_object (GString *out, const CimxmlRequest *request, const CimxmlStyle *style,
                           const CimInstance *instance);

/* ---- operations ---- */

typedef struct
{
  const char *name;
  unsigned allowed, required, defaults; /* of CimxmlParameter; defaults: booleans that are true
                                           unless said otherwise */
  CimxmlForm form;                      /* of what is enumerated */

  /* Judges the parameters and sets request->is_quick. Mustn't wait. */
  gboolean (*begin) (CimxmlRequest *request, GError **error);

  /* Does it. What it appended to request->out before it failed is dropped. NULL for `begin` and
   * `run`: not supported. */
  gboolean (*run) (CimxmlRequest *request, GError **error);
} CimxmlOperation;

/* By name; NULL when there is none. */
const CimxmlOperation *cimxml_operation_find (const char *name);

/* How long one operation, or one page of an enumeration, may take. */
#define CIMXML_CALL_S 120

struct CimxmlRequest
{
  const CimxmlServer *server;
  CairnHttpRequest *http; /* NULL once it was answered */
  const char *man;        /* of M-POST: "73", the prefix of its headers; NULL = POST. Static */
  CairnXmlDocument *document;
  const char *id;           /* of the message */
  const CairnXmlNode *node; /* IMETHODCALL or METHODCALL */
  gboolean is_extrinsic;
  const char *name;
  const char *namespace_;  /* "root/virtualization/v2", as spelled */
  unsigned namespace_flag; /* 0: we have no such namespace */
  const CimxmlOperation *operation;
  CimxmlParameters parameters;

  CimCall call;
  CairnCaller *caller; /* copies of what `call` points to, for after the answer began; else NULL */
  char *request_id;

  gboolean is_quick;
  GString *out;

  /* Enumerations. */
  CimEnumeration *enumeration;
  CimxmlStyle style;
  gboolean has_more; /* there are more pages after what is in `out` */

  /* Pulls. */
  CimContext *context; /* taken */

  /* Method calls. */
  const CimPath *path;
  const CimResolvedMethod *method;
  CimInstance *in;
  char *message; /* why the method failed */
};

void cimxml_request_free (CimxmlRequest *request);

/* ---- the message (message.c) ---- */

/* What is wrong with a message before there is any operation: an HTTP status and CIMError's value.
 * Static. */
typedef struct
{
  guint status;
  const char *cim_error;
} CimxmlRefusal;

/* Checks the headers and reads the envelope; NULL: all is well. *DETAIL (to be freed, may stay
 * NULL) says more. */
const CimxmlRefusal *cimxml_message_read (CimxmlRequest *request, char **detail);

/* ---- the answer (answer.c) ---- */

void cimxml_answer_refusal (CairnHttpRequest *http, const CimxmlRefusal *refusal,
                            const char *detail);

/* What an answer's buffer begins with: one instance fits. */
#define CIMXML_ANSWER_BYTES 6144

/* Instances that an enumeration sends at a time. */
#define CIMXML_PAGE 250u

/* Makes request->out. */
void cimxml_answer_begin (CimxmlRequest *request);

/* Answers with what is in request->out, or with ERROR; frees REQUEST once all is sent. */
void cimxml_answer (CimxmlRequest *request, const GError *error);

/* ---- what operations share ---- */

/* INVALID_NAMESPACE unless the request's namespace is one of ours. */
gboolean cimxml_check_namespace (const CimxmlRequest *request, GError **error);

/* The class of that name in the request's namespace. INVALID_CLASS. */
const CimClass *cimxml_find_class (const CimxmlRequest *request, const char *name, GError **error);

/* request->style from the parameters and the enumeration, which is there. */
void cimxml_style_set (CimxmlRequest *request);

/* IncludeQualifiers, IncludeClassOrigin, LocalOnly -> CimXmlFlags. */
unsigned cimxml_class_flags (const CimxmlRequest *request);

/* Makes request->enumeration. */
gboolean cimxml_begin_instances (CimxmlRequest *request, GError **error);
gboolean cimxml_begin_associators (CimxmlRequest *request, GError **error);
gboolean cimxml_begin_references (CimxmlRequest *request, GError **error);
gboolean cimxml_begin_query (CimxmlRequest *request, const char *language, const char *query,
                             GError **error);

/* Associators, or references, of the class that ObjectName names. */
gboolean cimxml_append_class_associators (CimxmlRequest *request, gboolean is_references,
                                          GError **error);

/* Appends the next objects, LIMIT at most; *HAS_ENDED: there are no more. */
gboolean cimxml_append_page (CimxmlRequest *request, guint limit, gboolean *has_ended,
                             GError **error);

/* The context, if one was taken, goes back as it was. */
void cimxml_pull_give_back (CimxmlRequest *request);

/* <PARAMVALUE NAME= PARAMTYPE=><VALUE>; both constant, TEXT is escaped. */
void cimxml_append_parameter (GString *out, const char *name, const char *type, const char *text);

/* ---- the operations, a file per family ---- */

#define CIMXML_DECLARE(family)                                                                     \
  gboolean cimxml_##family##_begin (CimxmlRequest *request, GError **error);                       \
  gboolean cimxml_##family##_run (CimxmlRequest *request, GError **error);

CIMXML_DECLARE (get_instance) /* instance.c */
CIMXML_DECLARE (get_property)
CIMXML_DECLARE (enumerate)   /* enumerate.c: instances and their names */
CIMXML_DECLARE (query)       /* ExecQuery */
CIMXML_DECLARE (associators) /* associator.c */
CIMXML_DECLARE (references)
CIMXML_DECLARE (open_instances) /* pull.c */
CIMXML_DECLARE (open_associators)
CIMXML_DECLARE (open_references)
CIMXML_DECLARE (open_query)
CIMXML_DECLARE (pull)
CIMXML_DECLARE (close)
CIMXML_DECLARE (count)
CIMXML_DECLARE (get_class) /* class.c */
CIMXML_DECLARE (enumerate_classes)
CIMXML_DECLARE (get_qualifier) /* qualifier.c */
CIMXML_DECLARE (invoke)        /* invoke.c */

#undef CIMXML_DECLARE

#endif
