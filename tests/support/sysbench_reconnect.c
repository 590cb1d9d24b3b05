/* For sysbench 1.0.20 on MariaDB's client library, by LD_PRELOAD: it connects anew with a handle that mysql_close() has taken apart,
   and dies of it (akopytov/sysbench#527). Here a closed handle of its own is one that may be used again. */

#include <dlfcn.h>
#include <mysql.h>
#include <stdlib.h>

void STDCALL mysql_close(MYSQL* handle) {
  void(STDCALL * close)(MYSQL*) = (void(STDCALL*)(MYSQL*))dlsym(RTLD_NEXT, "mysql_close");
  if (close == NULL) abort();
  const int allocated_by_library = handle != NULL && handle->free_me;
  close(handle);
  if (handle != NULL && !allocated_by_library && mysql_init(handle) == NULL) abort();
}
