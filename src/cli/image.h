#pragma once
/*
 * image - what the actions of `belljar image` share, and `belljar pkg add FILE.json` uses.
 */
#include "packages/image.h"

/* Opens the store's workshop, when an action first needs it. */
struct image_session {
    const struct config *config;
    struct package_store *store;
    struct recipes *recipes;
    struct workshop *workshop;
    struct progress *progress;
};

/* A file or directory; "-" is standard input, which is one, too. */
int image_import_path(struct image_session *s, const char *name, const char *path,
                      const struct image_choice *choice, char ***ret_ids, struct err *e);
int image_import_reference(struct image_session *s, const char *name, const char *reference,
                           const struct image_choice *choice, char ***ret_ids, struct err *e);
/*
 * A spec (packages/image_spec.h), whose name is its file's without ".json".  What its `pkg` names
 * is looked for among what is installed, then beside the file, then in a registry.
 */
int image_import_spec(struct image_session *s, const char *path, char ***ret_ids, struct err *e);
void image_session_done(struct image_session *s); /* its workshop */
