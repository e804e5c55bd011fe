/* Explicit vectors: L doubles in each, N of them side by side. */
#include <immintrin.h>
#include <string.h>
#define EXPORT extern "C"
#define restrict __restrict__
#ifdef __AVX512F__
#define L 8
#else
#define L 4
#endif
#ifndef N
#define N 2
#endif
#define W (L * N)
#define LOOP
typedef double R __attribute__((vector_size(8 * L)));
typedef long I __attribute__((vector_size(8 * L)));
#include "common.h"
struct T {
  R r[N];
  T() {}
  T(double a) { for (int j = 0; j < N; j++) r[j] = a - R{}; }
};
#define EACH(e) ({ T z_; _Pragma("GCC unroll 8") for (int j = 0; j < N; j++) z_.r[j] = (e); z_; })
#define ALWAYS static inline __attribute__((always_inline))
#define SIGN(op) \
  ALWAYS T operator op(const T &a, const T &b) { return EACH(a.r[j] op b.r[j]); } \
  ALWAYS T operator op(double a, const T &b) { return EACH(a op b.r[j]); } \
  ALWAYS T operator op(const T &a, double b) { return EACH(a.r[j] op b); }
SIGN(+) SIGN(-) SIGN(*) SIGN(/)
ALWAYS T operator-(const T &a) { return EACH(-a.r[j]); }
ALWAYS R truth(I mask) { return (R)(mask & (I)(1.0 + R{})); }
#define COMPARE(name, op) \
  ALWAYS T f_##name(const T &a, const T &b) { return EACH(truth(a.r[j] op b.r[j])); } \
  ALWAYS double f_##name(double a, double b) { return a op b; }
COMPARE(lt, <) COMPARE(le, <=) COMPARE(gt, >) COMPARE(ge, >=) COMPARE(eq, ==) COMPARE(ne, !=)
#define PICK(name, op) \
  ALWAYS T f_##name(const T &a, const T &b) { return EACH(a.r[j] op b.r[j] ? a.r[j] : b.r[j]); } \
  ALWAYS double f_##name(double a, double b) { return a op b ? a : b; }
PICK(min, <) PICK(max, >)
ALWAYS T f_and(const T &a, const T &b) { return EACH(truth((a.r[j] != 0) & (b.r[j] != 0))); }
ALWAYS T f_or(const T &a, const T &b) { return EACH(truth((a.r[j] != 0) | (b.r[j] != 0))); }
ALWAYS T f_not(const T &a) { return EACH(truth(a.r[j] == 0)); }
ALWAYS double f_and(double a, double b) { return a != 0 && b != 0; }
ALWAYS double f_or(double a, double b) { return a != 0 || b != 0; }
ALWAYS double f_not(double a) { return a == 0; }
ALWAYS T f_select(const T &c, const T &a, const T &b) {
  return EACH(c.r[j] != 0 ? a.r[j] : b.r[j]);
}
ALWAYS double f_select(double c, double a, double b) { return c != 0 ? a : b; }
#if L == 8
#define MVEC(name) _ZGVeN8v_##name
#define MVEC2(name) _ZGVeN8vv_##name
#else
#define MVEC(name) _ZGVdN4v_##name
#define MVEC2(name) _ZGVdN4vv_##name
#endif
#define LIBRARY(name) \
  extern "C" R MVEC(name)(R); \
  ALWAYS T f_##name(const T &a) { return EACH(MVEC(name)(a.r[j])); } \
  ALWAYS double f_##name(double a) { return name(a); }
LIBRARY(exp) LIBRARY(log) LIBRARY(sin) LIBRARY(cos)
extern "C" R MVEC2(pow)(R, R);
ALWAYS T f_pow(const T &a, const T &b) { return EACH(MVEC2(pow)(a.r[j], b.r[j])); }
ALWAYS double f_pow(double a, double b) { return pow(a, b); }
#define BY_LANE(name, call) \
  ALWAYS R lanes_##name(R a) { for (int i = 0; i < L; i++) a[i] = call(a[i]); return a; } \
  ALWAYS T f_##name(const T &a) { return EACH(lanes_##name(a.r[j])); } \
  ALWAYS double f_##name(double a) { return call(a); }
BY_LANE(abs, fabs) BY_LANE(sqrt, sqrt) BY_LANE(floor, floor) BY_LANE(trunc, trunc)
/* Lookups: intercept and slope come from registers where they fit in two, else from memory. */
ALWAYS R picked(const double *c, int room, I i) {
#if L == 8
  if (room == 8) return _mm512_permutexvar_pd((__m512i)i, _mm512_loadu_pd(c));
  if (room == 16)
    return _mm512_permutex2var_pd(_mm512_loadu_pd(c), (__m512i)i, _mm512_loadu_pd(c + 8));
  return _mm512_i64gather_pd((__m512i)i, c, 8);
#else
  return _mm256_i64gather_pd(c, (__m256i)i, 8);
#endif
}
ALWAYS R held(R v, double low, double high) {
  v = v > low ? v : low - R{};
  return v < high ? v : high - R{};
}
ALWAYS I whole(R v) {
#if L == 8
  return (I)_mm512_cvttpd_epi64((__m512d)v);
#else
  return (I)_mm256_cvtepi32_epi64(_mm256_cvttpd_epi32((__m256d)v));
#endif
}
#define OVER(k) \
  ALWAYS T table##k(const T &v) { return EACH(one##k(v.r[j])); } \
  ALWAYS double table##k(double v) { return one##k(v - R{})[0]; }
#define EVEN(k, n, room, scale) \
  ALWAYS R one##k(R v) { \
    v = held(v, tx##k[0], tx##k[n - 1]); \
    I i = whole((v - tx##k[0]) * scale); \
    return picked(tc##k, room, i) + picked(ts##k, room, i) * v; \
  } \
  OVER(k)
#define UNEVEN(k, n, room) \
  ALWAYS R one##k(R v) { \
    v = held(v, tx##k[0], tx##k[n - 1]); \
    I i = I{}; \
    for (int h = room / 2; h; h /= 2) i |= (v >= picked(tx##k, room, i | h)) & (I{} + h); \
    return picked(tc##k, room, i) + picked(ts##k, room, i) * v; \
  } \
  OVER(k)
ALWAYS T loaded(const double *a) { T z; memcpy(&z, a, sizeof z); return z; }
#define F(i) f[i]
#define S(i) s[i]
#define X(i) x[i]
#define P(i) loaded(p + (long)(i) * count)
#define OUT(i, v) ({ T z_ = v; memcpy(o + (long)(i) * count, &z_, sizeof z_); })
#define ROWS T
#define ROW 1
