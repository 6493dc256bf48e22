/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds and opens backend modules. */
#include "refpoint/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cairn/error.h>

static char *
executable_dir (void)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", NULL);

  return path ? g_path_get_dirname (path) : NULL;
}

static char *
library_dir (void)
{
  Dl_info place;

  if (!dladdr ((void *)cairn_module_symbol, &place) || !place.dli_fname)
    return NULL;
  /* Linked into a program, we are where that is, whatever it was called. */
  return g_path_is_absolute (place.dli_fname) ? g_path_get_dirname (place.dli_fname)
                                              : executable_dir ();
}

/* Directories to look in, best first. */
static GPtrArray *
search_path (const char *name)
{
  GPtrArray *dirs = g_ptr_array_new_with_free_func (g_free);
  const char *chosen = g_getenv ("CAIRN_MODULE_DIR");
  g_autofree char *bin = executable_dir ();
  g_autofree char *lib = library_dir ();

  if (chosen && *chosen)
    {
      g_auto (GStrv) named = g_strsplit (chosen, ":", -1);

      for (char **dir = named; *dir; dir++)
        g_ptr_array_add (dirs, g_strdup (*dir));
      return dirs;
    }
  if (bin)
    {
      g_ptr_array_add (dirs, g_build_filename (bin, "..", "lib", "cairn", NULL));
      g_ptr_array_add (dirs, g_build_filename (bin, "..", CAIRN_LIBDIR, "cairn", NULL));
    }
  if (lib)
    {
      g_ptr_array_add (dirs, g_build_filename (lib, "cairn", NULL));
      g_ptr_array_add (dirs, g_strdup (lib)); /* of a program beside the modules */
      /* The build tree: a program works before it is installed. */
      g_ptr_array_add (dirs, g_build_filename (lib, "..", "tracker", name, NULL));
      g_ptr_array_add (dirs, g_build_filename (lib, "..", name, NULL));
    }
  g_ptr_array_add (dirs, g_strdup (CAIRN_MODULE_DIR));
  return dirs;
}

/* The loader doesn't say why in a way that can be compared; it needs one descriptor at a time. */
static gboolean
is_short_of_descriptors (void)
{
  int fd = open ("/", O_PATH | O_CLOEXEC);

  if (fd < 0)
    return errno == EMFILE || errno == ENFILE;
  close (fd);
  return FALSE;
}

static void *
open_module (const char *name, GError **error)
{
  g_autoptr (GPtrArray) dirs = search_path (name);
  g_autoptr (GString) tried = g_string_new (NULL);

  for (guint i = 0; i < dirs->len; i++)
    {
      g_autofree char *file = g_strdup_printf ("%s/cairn-%s.so", (char *)dirs->pdata[i], name);
      void *handle;

      if (access (file, F_OK) != 0)
        {
          g_string_append_printf (tried, "%s'%s'", tried->len ? ", " : "", file);
          continue;
        }
      handle = dlopen (file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
      if (handle)
        return handle;
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                   "module '%s' can't be loaded: %s; %s", file, dlerror (),
                   is_short_of_descriptors () ? "raise the limit of open files (ulimit -n)"
                                              : "install the packages it needs");
      return NULL;
    }
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
               "module '%s' isn't installed (looked at %s); install it or set CAIRN_MODULE_DIR",
               name, tried->str);
  return NULL;
}

gpointer
cairn_module_symbol (const char *name, const char *symbol, GError **error)
{
  void *handle = open_module (name, error);
  void *address;

  if (!handle)
    return NULL;
  address = dlsym (handle, symbol);
  if (!address)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                 "module '%s' lacks '%s': it is of another version; reinstall cairn", name, symbol);
  return address;
}

char *
cairn_module_find_program (const char *name)
{
  const char *dash = strrchr (name, '-');
  g_autoptr (GPtrArray) dirs = search_path (dash ? dash + 1 : name);

  for (guint i = 0; i < dirs->len; i++)
    {
      g_autofree char *path = g_build_filename (dirs->pdata[i], name, NULL);

      if (access (path, X_OK) == 0)
        return g_steal_pointer (&path);
    }
  return NULL;
}
