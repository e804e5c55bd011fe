/* One member after another. */
#define W 1
#define LOOP const int m = 0;
#include "plain.h"
#include "common.h"
