/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer.h: what goes back. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <microhttpd.h>

#include "http/http.h"
#include "http/workers.h"

/* Makes a response of ANSWER, and frees ANSWER. MHD is where it goes; WORK runs what may block. */
struct MHD_Response *http_answer_take (CairnHttpAnswer *answer, struct MHD_Connection *mhd,
                                       HttpWorkers *work, const gint *is_cut, guint *out_status);

/* For the log; NULL. */
const char *http_answer_message (const CairnHttpAnswer *answer);

/* A sentence as an answer. */
CairnHttpAnswer *http_answer_new_sentence (guint status, const char *text);

#endif
