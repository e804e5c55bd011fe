/* Operations on one double, and lookups by index or by a search without branches. */
#define F(i) f[(i) * W + m]
#define S(i) s[(i) * W + m]
#define X(i) x[(i) * W + m]
#define P(i) p[(long)(i) * count + m]
#define OUT(i, v) o[(long)(i) * count + m] = v
#define ROWS double
#define ROW W
typedef double T;
#define f_min(a, b) ({ double a_ = (a), b_ = (b); a_ < b_ ? a_ : b_; })
#define f_max(a, b) ({ double a_ = (a), b_ = (b); a_ > b_ ? a_ : b_; })
#define f_lt(a, b) ((a) < (b) ? 1.0 : 0.0)
#define f_le(a, b) ((a) <= (b) ? 1.0 : 0.0)
#define f_gt(a, b) ((a) > (b) ? 1.0 : 0.0)
#define f_ge(a, b) ((a) >= (b) ? 1.0 : 0.0)
#define f_eq(a, b) ((a) == (b) ? 1.0 : 0.0)
#define f_ne(a, b) ((a) != (b) ? 1.0 : 0.0)
#define f_and(a, b) ((a) != 0 && (b) != 0 ? 1.0 : 0.0)
#define f_or(a, b) ((a) != 0 || (b) != 0 ? 1.0 : 0.0)
#define f_not(a) ((a) == 0 ? 1.0 : 0.0)
#define f_select(c, a, b) ((c) != 0 ? (a) : (b))
#define f_abs fabs
#define f_exp exp
#define f_log log
#define f_pow pow
#define f_sqrt sqrt
#define f_sin sin
#define f_cos cos
#define f_floor floor
#define f_trunc trunc
#define HELD(k, n) v = v < tx##k[0] ? tx##k[0] : v > tx##k[n - 1] ? tx##k[n - 1] : v
#define EVEN(k, n, room, scale) \
  static inline __attribute__((always_inline)) double table##k(double v) { \
    HELD(k, n); \
    int i = (int)((v - tx##k[0]) * scale); \
    return ty##k[i] + ts##k[i] * (v - tx##k[i]); \
  }
#define HALF(k, room, h) if (room > h) i += h * (v >= tx##k[room > h ? i + h : 0]);
#define UNEVEN(k, n, room) \
  static inline __attribute__((always_inline)) double table##k(double v) { \
    HELD(k, n); \
    int i = 0; \
    HALF(k, room, 64) HALF(k, room, 32) HALF(k, room, 16) HALF(k, room, 8) HALF(k, room, 4) \
    HALF(k, room, 2) HALF(k, room, 1) \
    return ty##k[i] + ts##k[i] * (v - tx##k[i]); \
  }
