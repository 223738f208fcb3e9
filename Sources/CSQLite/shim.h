#pragma once
#include <sqlite3.h>

/// A variadic function, which Swift does not import: closing neither checkpoints nor removes the WAL.
static inline int convey_sqlite3_no_checkpoint_on_close(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
