/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* standby-talk.h: how standby.c and cairn-holder (src/holder) understand one another.
 *
 *     cairn-holder STORE CONNECT VM CONSISTENCY OWNER LABEL LEASE_MS WHILE_PID
 *
 * STORE and CONNECT are URIs, or CAIRN_HOLDER_DEFAULT; numbers are decimal. The socket is
 * descriptor 3, and gets one line: "0 <InstanceID>", or an error's code and sentence.
 */
#ifndef CAIRN_STANDBY_TALK_H
#define CAIRN_STANDBY_TALK_H

#define CAIRN_HOLDER_DEFAULT "-"
#define CAIRN_HOLDER_FD      3

enum
{
  CAIRN_HOLDER_STORE = 1,
  CAIRN_HOLDER_CONNECT,
  CAIRN_HOLDER_VM,
  CAIRN_HOLDER_CONSISTENCY,
  CAIRN_HOLDER_OWNER,
  CAIRN_HOLDER_LABEL,
  CAIRN_HOLDER_LEASE_MS,
  CAIRN_HOLDER_WHILE_PID,
  CAIRN_HOLDER_N_ARGUMENTS,
};

#endif
