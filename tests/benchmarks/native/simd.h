/* A loop over 16 members that gcc turns into vectors. */
#define W 16
#define LOOP _Pragma("omp simd") for (int m = 0; m < W; m++)
#include "plain.h"
#include "common.h"
