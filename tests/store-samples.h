/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store-samples.h: VMs, points and intents for the tests of stores, and their comparison. */
#ifndef CAIRN_TEST_STORE_SAMPLES_H
#define CAIRN_TEST_STORE_SAMPLES_H

#include "refpoint/store.h"

#define SAMPLE_VM    "0A1B2C3D-0000-4000-8000-00000000AAAA"
#define SAMPLE_OTHER "0A1B2C3D-0000-4000-8000-00000000BBBB"

/* A VM of two disks and one alias. */
CairnVm *sample_vm (const char *guid, const char *name);

/* The NUMBER-th point of a VM, with N_ANCHORS anchored disks; no two numbers share an id. */
CairnPoint *sample_point (const char *vm_guid, guint number, guint n_anchors);

/* An intent with two images and two pairs of files. */
CairnIntent *sample_intent (const char *vm_guid, int64_t created_ms);

/* Every field, configuration included. */
void assert_same_vm (const CairnVm *a, const CairnVm *b);
void assert_same_point (const CairnPoint *a, const CairnPoint *b);
void assert_same_intent (const CairnIntent *a, const CairnIntent *b);

/* One array of one point, owned. */
GPtrArray *points_of (CairnPoint *point);

/* Applies CHANGE and fails the test when that fails. */
void must_apply (CairnStore *store, const CairnStoreChange *change);
/* Puts the one point, which it frees. */
void must_put (CairnStore *store, CairnPoint *point);
/* How many points the VM (NULL: the store) has. */
guint count_points (CairnStore *store, const char *vm_guid);

/* A directory that remove_directory removes with all that is in it. */
char *make_temporary_directory (void);
void remove_directory (const char *directory);

/* The process's exit status; -1 when a signal ended it. */
int wait_for (pid_t child);

#endif
