/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* witness.h: which bitmaps of one disk tell of which others that they lack something.
 *
 * A point's bitmap holds all that a newer point's does, as both record since they were made. One
 * that was made later, by adopt, holds what differs instead: granules that were written to and are
 * what they were aren't in it, and it may hold what an older one lacks if its copy was the wrong
 * one.
 */
#ifndef CAIRN_WITNESS_H
#define CAIRN_WITNESS_H

#include <cairn/point.h>

/* Whether the bitmap of ANCHOR must hold all that the one of NEWER, an anchor of a newer point on
 * the same disk, holds. Both are anchored. */
gboolean cairn_anchor_must_cover (const CairnAnchor *anchor, const CairnAnchor *newer);

/* Whether the anchor was made by adopt. */
gboolean cairn_anchor_is_adopted (const CairnAnchor *anchor);

#endif
