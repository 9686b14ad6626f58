// `make setup` fetches Wasmtime and writes its header there; nothing of it is kept in the source tree.
#if __has_include("../../../.build/wasmtime/include/wasmtime.h")
#include "../../../.build/wasmtime/include/wasmtime.h"
#else
#error "Wasmtime is not there yet: run 'make setup' first"
#endif
