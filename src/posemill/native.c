/* What posemill computes in C: crops, a warp of masks, landmarks from the model's outputs,
 * their filters, and the colours of video.
 *
 * The warps round as OpenCV 3.4 does, which MediaPipe's crops go through: source coordinates
 * to 1/32 pixel (half to even), weights as exact multiples of 1/1024, bytes half up
 * (modules/imgproc/src/imgwarp.cpp, warpPerspective and remapBilinear). The landmark model
 * answers a change of one grey level with tenths of a pixel, so the same numbers need the
 * same rounding. warp.py and blazepose/landmarks.py hold the same in numpy.
 */

#include <stdint.h>
#include <string.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#define MAX_SIDE 512 /* of a crop */
#define MAX_PICTURE (1 << 24) /* pixels a side, so that 1/32 of them fit */
#define PREFETCH_ROWS 3
#define FRACTION_BITS 5
#define FRACTIONS (1 << FRACTION_BITS)
#define TWO_PI 6.283185307179586
#define COORDINATE_LIMIT 1.0e6 /* pixels; far outside of any picture, and safe to convert */

typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef uint16_t shorts8 __attribute__((vector_size(16)));
typedef uint32_t words4 __attribute__((vector_size(16)));
typedef int32_t ints4 __attribute__((vector_size(16)));
typedef float floats4 __attribute__((vector_size(16)));

/* Rounds half to even by the addition of 1.5 * 2^52; |value| stays far below 2^31. */
static inline int32_t round_even(double value) {
  double shifted = value + 6755399441055744.0;
  int64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  return (int32_t)bits;
}

static inline double clamped(double value) {
  value = value < -COORDINATE_LIMIT ? -COORDINATE_LIMIT : value;
  return value > COORDINATE_LIMIT ? COORDINATE_LIMIT : value;
}

static inline int32_t clip(int32_t value, int32_t limit) {
  value = value < 0 ? 0 : value;
  return value < limit ? value : limit - 1;
}

/* Source coordinates of one row of the crop, in 1/32 pixel. */
static void row_coordinates(const double m[6], int32_t v, int32_t size, int32_t *xs, int32_t *ys) {
  const double x0 = m[1] * v + m[2], y0 = m[4] * v + m[5];
  for (int32_t u = 0; u < size; u++) {
    xs[u] = round_even(clamped(m[0] * u + x0) * FRACTIONS);
    ys[u] = round_even(clamped(m[3] * u + y0) * FRACTIONS);
  }
}

/* Moves coordinates outside of the picture to its edge, which repeats it. */
static void clamp_row(int32_t *values, int32_t size, int32_t pixels) {
  const int32_t limit = (pixels - 1) * FRACTIONS;
  for (int32_t u = 0; u < size; u++) {
    const int32_t value = values[u] < 0 ? 0 : values[u];
    values[u] = value < limit ? value : limit;
  }
}

static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* A pixel from its four neighbours; reads eight bytes of either row for the six it needs. */
static inline floats4 blend_inside(const uint8_t *top, const uint8_t *bottom, int32_t fx, int32_t fy) {
  bytes8 t, b;
  memcpy(&t, top, 8);
  memcpy(&b, bottom, 8);
  const shorts8 column = __builtin_convertvector(t, shorts8) * (uint16_t)(FRACTIONS - fy) +
                         __builtin_convertvector(b, shorts8) * (uint16_t)fy;
  const words4 left = __builtin_convertvector(__builtin_shufflevector(column, column, 0, 1, 2, 2), words4);
  const words4 right = __builtin_convertvector(__builtin_shufflevector(column, column, 3, 4, 5, 5), words4);
  const words4 sum = left * (uint32_t)(FRACTIONS - fx) + right * (uint32_t)fx + 512u;
  return __builtin_convertvector((ints4)(sum >> 10), floats4);
}

static inline words4 pixel_at(const uint8_t *source, int64_t stride, int32_t x, int32_t y) {
  const uint8_t *p = source + y * stride + (int64_t)x * 3;
  return (words4){p[0], p[1], p[2], 0};
}

/* A pixel whose neighbours may lie outside: they repeat the edge, or are black. */
static inline floats4 blend_border(const uint8_t *source, int32_t height, int32_t width, int64_t stride,
                                   int32_t xf, int32_t yf, int32_t replicate) {
  const int32_t x = xf >> FRACTION_BITS, y = yf >> FRACTION_BITS;
  const uint32_t fx = xf & (FRACTIONS - 1), fy = yf & (FRACTIONS - 1);
  uint32_t left = FRACTIONS - fx, right = fx, top = FRACTIONS - fy, bottom = fy;
  if (!replicate) {
    left = x >= 0 && x < width ? left : 0;
    right = x >= -1 && x < width - 1 ? right : 0;
    top = y >= 0 && y < height ? top : 0;
    bottom = y >= -1 && y < height - 1 ? bottom : 0;
    if ((left | right) == 0 || (top | bottom) == 0) return (floats4){0, 0, 0, 0};
  }
  const int32_t x0 = clip(x, width), x1 = clip(x + 1, width);
  const int32_t y0 = clip(y, height), y1 = clip(y + 1, height);
  const words4 above = pixel_at(source, stride, x0, y0) * left + pixel_at(source, stride, x1, y0) * right;
  const words4 below = pixel_at(source, stride, x0, y1) * left + pixel_at(source, stride, x1, y1) * right;
  return __builtin_convertvector((ints4)((above * top + below * bottom + 512u) >> 10), floats4);
}

/* Whether every pixel of a row can be blended inside. On the right and lower edge the
 * fraction becomes 1, so that neighbours exist; the last row must not be read beyond its end. */
static int row_is_inside(const int32_t *xs, const int32_t *ys, int32_t size, int32_t height, int32_t width) {
  int32_t x_low = xs[0], x_high = xs[0], y_low = ys[0], y_high = ys[0];
  for (int32_t u = 1; u < size; u++) {
    x_low = least(x_low, xs[u]);
    x_high = -least(-x_high, -xs[u]);
    y_low = least(y_low, ys[u]);
    y_high = -least(-y_high, -ys[u]);
  }
  return x_low >= 0 && y_low >= 0 && x_high <= (width - 1) * FRACTIONS && y_high <= (height - 1) * FRACTIONS &&
         (x_high < (width - 2) * FRACTIONS || y_high < (height - 2) * FRACTIONS);
}

/* Crops an RGB picture into `size` x `size` x 3 floats: byte * scale + offset.
 * m: crop pixel -> source pixel, rows (m0 m1 m2), (m3 m4 m5). Returns 0, or 1 on a bad size. */
EXPORT int32_t posemill_crop(const uint8_t *source, int32_t height, int32_t width, int64_t stride,
                             const double *m, float *crop, int32_t size, int32_t replicate,
                             float scale, float offset) {
  int32_t xs[MAX_SIDE], ys[MAX_SIDE];
  float row[MAX_SIDE * 3 + 1]; /* each pixel is written as four floats */
  if (size < 1 || size > MAX_SIDE || height < 1 || width < 1 || height > MAX_PICTURE || width > MAX_PICTURE) return 1;
  if (stride < 3 * (int64_t)width) return 1; /* or the end of a row would not be followed by another */
  /* Neighbouring crop rows lie a row of the picture or more apart, too far for the processor
   * to foresee: asking for later rows in time halves the crop. */
  const int64_t ahead = PREFETCH_ROWS * ((int64_t)round_even(clamped(m[4])) * stride + 3 * (int64_t)round_even(clamped(m[1])));
  for (int32_t v = 0; v < size; v++) {
    row_coordinates(m, v, size, xs, ys);
    if (replicate) {
      clamp_row(xs, size, width);
      clamp_row(ys, size, height);
    }
    const int inside = width > 1 && height > 1 && row_is_inside(xs, ys, size, height, width);
    for (int32_t u = 0; u < size; u++) {
      floats4 value;
      if (inside) {
        const int32_t x = least(xs[u] >> FRACTION_BITS, width - 2);
        const int32_t y = least(ys[u] >> FRACTION_BITS, height - 2);
        const uint8_t *top = source + y * stride + (int64_t)x * 3;
        __builtin_prefetch((const void *)((uintptr_t)top + (uintptr_t)ahead));
        __builtin_prefetch((const void *)((uintptr_t)top + (uintptr_t)(ahead + stride)));
        value = blend_inside(top, top + stride, xs[u] - x * FRACTIONS, ys[u] - y * FRACTIONS);
      } else {
        value = blend_border(source, height, width, stride, xs[u], ys[u], replicate);
      }
      value = value * scale + offset;
      memcpy(row + 3 * u, &value, sizeof value);
    }
    memcpy(crop + (int64_t)v * size * 3, row, sizeof(float) * 3 * size);
  }
  return 0;
}

/* Warps one plane of floats to another size; outside of the source it is zero. */
EXPORT int32_t posemill_warp_plane(const float *source, int32_t height, int32_t width, const double *m,
                                   float *target, int32_t target_height, int32_t target_width) {
  if (height < 1 || width < 1) return 1;
  for (int32_t v = 0; v < target_height; v++) {
    float *row = target + (int64_t)v * target_width;
    const double x0 = m[1] * v + m[2], y0 = m[4] * v + m[5];
    for (int32_t u = 0; u < target_width; u++) {
      const int32_t xf = round_even(clamped(m[0] * u + x0) * FRACTIONS);
      const int32_t yf = round_even(clamped(m[3] * u + y0) * FRACTIONS);
      const int32_t x = xf >> FRACTION_BITS, y = yf >> FRACTION_BITS;
      float sum = 0;
      if (x >= -1 && y >= -1 && x < width && y < height) {
        const float fx = (xf & (FRACTIONS - 1)) / (float)FRACTIONS;
        const float fy = (yf & (FRACTIONS - 1)) / (float)FRACTIONS;
        if (x >= 0 && y >= 0) sum += source[(int64_t)y * width + x] * (1 - fx) * (1 - fy);
        if (x + 1 < width && y >= 0) sum += source[(int64_t)y * width + x + 1] * fx * (1 - fy);
        if (x >= 0 && y + 1 < height) sum += source[(int64_t)(y + 1) * width + x] * (1 - fx) * fy;
        if (x + 1 < width && y + 1 < height) sum += source[(int64_t)(y + 1) * width + x + 1] * fx * fy;
      }
      row[u] = sum;
    }
  }
  return 0;
}

/* e^x to about 1e-7, without a mathematics library and the same on every platform: 2^n times
 * the Taylor series of e^r, |r| <= ln(2)/2. */
static inline float exponential(float x) {
  x = x > -80.0f ? x : -80.0f; /* a NaN too */
  x = x < 80.0f ? x : 80.0f;
  const float shifted = x * 1.44269504f + 12582912.0f; /* rounds to a whole number */
  const float n = shifted - 12582912.0f;
  const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  float series = 1.0f / 720 + r * (1.0f / 5040);
  series = 1.0f / 120 + r * series;
  series = 1.0f / 24 + r * series;
  series = 1.0f / 6 + r * series;
  series = 0.5f + r * series;
  series = 1.0f + r * (1.0f + r * series);
  const int32_t exponent = ((int32_t)n + 127) << 23;
  float power;
  memcpy(&power, &exponent, sizeof power);
  return series * power;
}

/* What the landmark model says of each landmark: x, y, z in pixels of its crop, which become
 * parts of its size, and two logits, which become 0..1. */
EXPORT void posemill_decode(const float *raw, int32_t count, float size, float *landmarks) {
  for (int32_t k = 0; k < 5 * count; k += 5) {
    for (int32_t i = 0; i < 3; i++) landmarks[k + i] = raw[k + i] / size;
    for (int32_t i = 3; i < 5; i++) landmarks[k + i] = 1.0f / (1.0f + exponential(-raw[k + i]));
  }
}

/* One step of a One-Euro filter for each value; see smoothing.py. rate: 1 / (interval * scale). */
EXPORT void posemill_one_euro(int32_t count, const float *values, const float *raw, const float *smooth,
                              const float *speeds, double interval, double rate, double min_cutoff, double beta,
                              double speed_alpha, float *value, float *speed) {
  for (int32_t i = 0; i < count; i++) {
    const double moving = speed_alpha * ((double)(values[i] - raw[i]) * rate) + (1.0 - speed_alpha) * speeds[i];
    const double cutoff = min_cutoff + beta * (moving < 0 ? -moving : moving);
    const double alpha = 1.0 / (1.0 + 1.0 / (TWO_PI * cutoff * interval));
    value[i] = (float)(alpha * values[i] + (1.0 - alpha) * smooth[i]);
    speed[i] = (float)moving;
  }
}

static inline float dot(const float *a, const float *b, int32_t count) {
  floats4 sum = {0, 0, 0, 0};
  for (int32_t i = 0; i < count; i += 4) {
    floats4 x, y;
    memcpy(&x, a + i, sizeof x);
    memcpy(&y, b + i, sizeof y);
    sum += x * y;
  }
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* Moves each landmark to the center of mass of its heatmap around it; see landmarks.py.
 * A heatmap is computed only there: features (size, size, channels) times weights (count,
 * channels) plus bias (count). landmarks: x, y in 0..1 lead each of count rows of `columns`. */
EXPORT int32_t posemill_refine(const float *features, int32_t size, int32_t channels, const float *weights,
                               const float *bias, float *landmarks, int32_t count, int32_t columns,
                               int32_t kernel, float min_confidence) {
  const int32_t reach = kernel / 2;
  if (size < 1 || channels < 4 || channels % 4 || columns < 2) return 1;
  for (int32_t k = 0; k < count; k++) {
    float *landmark = landmarks + (int64_t)k * columns;
    const float x = landmark[0] * size, y = landmark[1] * size;
    if (!(x > -1 && x < size && y > -1 && y < size)) continue; /* truncation is towards zero */
    const int32_t column = (int32_t)x, row = (int32_t)y;
    const int32_t left = column < reach ? 0 : column - reach, right = least(size, column + reach + 1);
    const int32_t top = row < reach ? 0 : row - reach, bottom = least(size, row + reach + 1);
    float total = 0, total_x = 0, total_y = 0, highest = 0;
    for (int32_t v = top; v < bottom; v++)
      for (int32_t u = left; u < right; u++) {
        const float *feature = features + ((int64_t)v * size + u) * channels;
        const float logit = dot(feature, weights + (int64_t)k * channels, channels) + bias[k];
        const float confidence = 1.0f / (1.0f + exponential(-logit));
        total += confidence;
        total_x += u * confidence;
        total_y += v * confidence;
        highest = confidence > highest ? confidence : highest;
      }
    if (highest < min_confidence) continue;
    landmark[0] = total_x / size / total;
    landmark[1] = total_y / size / total;
  }
  return 0;
}

#define CHUNK 256 /* pixels worked on at once, so that everything stays in the first cache */

/* Splits interleaved RGB into planes of 16 bits, 8 pixels (24 bytes) at a time. */
static void split(const uint8_t *rgb, int32_t count, int16_t *r, int16_t *g, int16_t *b) {
  for (int32_t i = 0; i < count; i++) {
    r[i] = rgb[3 * i];
    g[i] = rgb[3 * i + 1];
    b[i] = rgb[3 * i + 2];
  }
}

/* Converts RGB to YUV 4:2:0 of the limited range, chroma as the mean of four pixels.
 * Width and height are even. matrix: Y, U, V rows of R, G, B in 1/32768. */
EXPORT int32_t posemill_yuv420(const uint8_t *rgb, int64_t stride, int32_t width, int32_t height,
                               const int16_t *matrix, uint8_t *luma, int64_t luma_stride, uint8_t *blue,
                               int64_t blue_stride, uint8_t *red, int64_t red_stride) {
  int16_t r[2][CHUNK], g[2][CHUNK], b[2][CHUNK];
  if (width < 2 || height < 2 || width % 2 || height % 2) return 1;
  for (int32_t y = 0; y < height; y += 2)
    for (int32_t x = 0; x < width; x += CHUNK) {
      const int32_t count = least(CHUNK, width - x);
      for (int32_t k = 0; k < 2; k++) {
        split(rgb + (y + k) * stride + 3 * (int64_t)x, count, r[k], g[k], b[k]);
        uint8_t *row = luma + (y + k) * luma_stride + x;
        for (int32_t i = 0; i < count; i++)
          row[i] = (uint8_t)((matrix[0] * r[k][i] + matrix[1] * g[k][i] + matrix[2] * b[k][i] + (16 << 15) + (1 << 14)) >> 15);
      }
      uint8_t *u = blue + y / 2 * blue_stride + x / 2, *v = red + y / 2 * red_stride + x / 2;
      for (int32_t i = 0; i < count / 2; i++) {
        const int32_t sr = r[0][2 * i] + r[0][2 * i + 1] + r[1][2 * i] + r[1][2 * i + 1];
        const int32_t sg = g[0][2 * i] + g[0][2 * i + 1] + g[1][2 * i] + g[1][2 * i + 1];
        const int32_t sb = b[0][2 * i] + b[0][2 * i + 1] + b[1][2 * i] + b[1][2 * i + 1];
        u[i] = (uint8_t)((matrix[3] * sr + matrix[4] * sg + matrix[5] * sb + (128 << 17) + (1 << 16)) >> 17);
        v[i] = (uint8_t)((matrix[6] * sr + matrix[7] * sg + matrix[8] * sb + (128 << 17) + (1 << 16)) >> 17);
      }
    }
  return 0;
}
