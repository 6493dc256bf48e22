/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/cairn.h: all of libcairn. */
#ifndef CAIRN_CAIRN_H
#define CAIRN_CAIRN_H

#include <cairn/backup.h>
#include <cairn/error.h>
#include <cairn/extent.h>
#include <cairn/finding.h>
#include <cairn/point.h>
#include <cairn/service.h>
#include <cairn/snapshot.h>
#include <cairn/verdict.h>
#include <cairn/vm.h>

#endif
