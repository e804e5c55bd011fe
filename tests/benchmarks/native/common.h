/* What all ways to compute share: areas of rows, and the march over blocks of W members. */
#include <math.h>
#ifndef EXPORT
#define EXPORT
#endif
#define PARAMETERS \
  const double *p, long count, double *o, double *restrict u, T *restrict f, T *restrict s, \
      T *restrict x, double now, double dt, double k
#define ARGS p, count, o, u, f, s, x, now, dt, (double)k
#define U(i) u[i]
#define MARCH \
  EXPORT void march(const double *params, double *out, long count, double start, double dt, \
                    long steps) { \
    static double u[NU]; \
    static ROWS f[NF * ROW], s[NS * ROW], x[NX * ROW]; \
    for (long first = 0; first < count; first += W) { \
      const double *p = params + first; \
      double *o = out + first; \
      double now = start; \
      long k = 0; \
      uniform(ARGS); \
      FIXED begin(ARGS); \
      for (;; k++) { \
        now = start + k * dt; \
        uniform(ARGS); \
        STEP if (k == steps) break; \
        move(ARGS); \
      } \
      show(ARGS); \
    } \
  }
