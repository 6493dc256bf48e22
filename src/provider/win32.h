/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* win32.h: what the providers of root/cimv2 share. */
#ifndef CAIRN_WIN32_H
#define CAIRN_WIN32_H

#include "cim/provider.h"

/* One of the firmware's texts, or OTHERWISE; the caller's. */
char *cairn_host_text_or (const char *name, const char *otherwise);

/* Of a class with one instance: takes INSTANCE over. TRUE. */
gboolean cairn_page_take_one (const CimPage *page, CimInstance *instance, GPtrArray *instances);

#endif
