/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* keeper-talk.h: how keeper.c and cairn-keeper (keeper-main.c) understand one another.
 *
 *     cairn-keeper thaw    URI GUID
 *     cairn-keeper end-job URI GUID DIRECTORY TRAIT [FILE]...
 *
 * DIRECTORY is the job's place (place.h), TRAIT what its XML contains; the FILEs go with the job.
 * The socket is descriptor 3; a message is one byte. When the socket ends without DONE, the keeper
 * does its duty.
 */
#ifndef CAIRN_LIBVIRT_KEEPER_TALK_H
#define CAIRN_LIBVIRT_KEEPER_TALK_H

#define CAIRN_KEEPER_THAW    "thaw"
#define CAIRN_KEEPER_END_JOB "end-job"

#define CAIRN_KEEPER_FD      3

/* Of DIRECTORY's name: the lock file of gate.h. */
#define CAIRN_KEEPER_GATE_SUFFIX ".gate"

#define CAIRN_KEEPER_READY       'r' /* the keeper's: it stands by */
#define CAIRN_KEEPER_FROZEN      'f' /* ours: the guest is frozen now */
#define CAIRN_KEEPER_DONE        'd' /* ours: there is nothing left to do */

/* How long the guest may take to freeze, or to thaw: a database that writes out what it holds. */
#define CAIRN_KEEPER_FREEZE_MS 30000

/* How long a guest may stay frozen: a checkpoint takes 50 ms, and Windows' file systems thaw by
 * themselves after 10 s. Longer means that we are stopped (Ctrl-Z), or that libvirt hangs. */
#define CAIRN_KEEPER_HOLD_MS 10000

#endif
