// wasm3 MODULE CALLS RUNS: nanoseconds of processor time of a call from guest to host and from host to guest in wasm3, a line
// for each run. The module imports `env.check` and exports `loop` and `one`. Nothing is checked in the host function.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "m3_env.h"
#include "wasm3.h"

static m3ApiRawFunction(check) {
  m3ApiReturnType(int32_t);
  m3ApiGetArg(int32_t, value);
  m3ApiReturn(value + 1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static void must(M3Result result) {
  if (result == m3Err_none) return;
  fprintf(stderr, "wasm3: %s\n", result);
  exit(1);
}

static void expect(IM3Function function, int32_t wanted) {
  int32_t answer = 0;
  must(m3_GetResultsV(function, &answer));
  if (answer == wanted) return;
  fprintf(stderr, "wasm3: calls were lost\n");
  exit(1);
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  static uint8_t bytes[1 << 16];
  FILE *file = fopen(arguments[1], "rb");
  if (!file) return 1;
  const size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  const int32_t calls = atoi(arguments[2]);
  IM3Environment environment = m3_NewEnvironment();
  IM3Runtime runtime = m3_NewRuntime(environment, 64 * 1024, NULL);
  IM3Module module;
  must(m3_ParseModule(environment, &module, bytes, size));
  must(m3_LoadModule(runtime, module));
  must(m3_LinkRawFunction(module, "env", "check", "i(i)", check));
  IM3Function loop, one;
  must(m3_FindFunction(&loop, runtime, "loop"));
  must(m3_FindFunction(&one, runtime, "one"));
  for (int run = 0; run < atoi(arguments[3]); ++run) {
    double start = now();
    must(m3_CallV(loop, calls));
    const double to_host = (now() - start) / calls;
    expect(loop, calls);
    int32_t value = 0;
    start = now();
    for (int32_t index = 0; index < calls; ++index) {
      must(m3_CallV(one, value));
      must(m3_GetResultsV(one, &value));
    }
    printf("%.3f %.3f\n", to_host, (now() - start) / calls);
    expect(one, calls);
  }
  m3_FreeRuntime(runtime);
  m3_FreeEnvironment(environment);
}
