#include "aether_app.h"

int32_t main(void) { return printf_native("Hello from an app.") < 0; }
