// The optimizer: the scalars of an update, and AdamW in one pass over parameters, gradients and both moments. It is
// bound by memory bandwidth (16 bytes read and 16 written per parameter), so the last uses of a gradient are all here:
// scaling, the update, zeroing it for the next accumulation, and writing the narrow copy of the parameter.
//
// prepare_update: grid 1, block 1.
// adamw, adamw_narrow: grid min(4096, ceil(size / 1024)), block 256.

/** See `prepareUpdate` in the device contract. loss_scale may be null. */
extern "C" __global__ void prepare_update(float* step, const float* sum_of_squares, float* loss_scale,
                                          double max_norm, double beta1, double beta2) {
  const float sum = *sum_of_squares;
  const double scale = loss_scale ? loss_scale[0] : 1;
  const double norm = sqrt((double)sum) / scale;
  step[5] = (float)norm;
  if (!(fabsf(sum) <= 3.402823466e38f)) {
    step[1] = __uint_as_float(0x7fc00000u);
    if (loss_scale) {
      loss_scale[0] *= 0.5f;
      loss_scale[1] = 0;
    }
    return;
  }
  const double clipped = max_norm / (norm + 1e-6);
  step[1] = (float)((max_norm == 0 || clipped > 1 ? 1 : clipped) / scale);
  step[4] += 1;
  step[2] = (float)(1 - pow(beta1, (double)step[4]));
  step[3] = (float)(1 - pow(beta2, (double)step[4]));
  if (loss_scale && ++loss_scale[1] == 2000) {
    loss_scale[0] *= 2;
    loss_scale[1] = 0;
  }
}

struct Update {
  float gradient_scale;
  float keep_first, take_first;
  float keep_second, take_second;
  /** learning rate / (1 - beta1^t). */
  float step_size;
  /** 1 / sqrt(1 - beta2^t). */
  float second_correction;
  float epsilon;
  /** 1 - learning rate * weight decay. */
  float decay;
};

DEVICE Update make_update(const float* step, double beta1, double beta2, double epsilon, double weight_decay) {
  Update update;
  update.gradient_scale = step[1];
  update.keep_first = (float)beta1;
  update.take_first = (float)(1 - beta1);
  update.keep_second = (float)beta2;
  update.take_second = (float)(1 - beta2);
  update.step_size = (float)(step[0] / (double)step[2]);
  update.second_correction = (float)(1 / sqrt((double)step[3]));
  update.epsilon = (float)epsilon;
  update.decay = (float)(1 - (double)step[0] * weight_decay);
  return update;
}

DEVICE float updated(float parameter, float gradient, float& first, float& second, float decay,
                     const Update& with) {
  gradient *= with.gradient_scale;
  first = with.keep_first * first + with.take_first * gradient;
  second = with.keep_second * second + with.take_second * (gradient * gradient);
  return parameter * decay -
         with.step_size * (first / (sqrtf(second) * with.second_correction + with.epsilon));
}

/** Loads four floats of a buffer, one by one if the buffer is unaligned or ends within them. */
DEVICE float4 load_four(const float* from, long long at, long long size, bool whole) {
  if (whole && at + 4 <= size) return *(const float4*)(from + at);
  float4 four;
  four.x = from[at];
  four.y = at + 1 < size ? from[at + 1] : 0.0f;
  four.z = at + 2 < size ? from[at + 2] : 0.0f;
  four.w = at + 3 < size ? from[at + 3] : 0.0f;
  return four;
}

template <class Element>
DEVICE void store_each(Element* to, const float4& four, long long at, long long size) {
  narrow(to[at], four.x);
  if (at + 1 < size) narrow(to[at + 1], four.y);
  if (at + 2 < size) narrow(to[at + 2], four.z);
  if (at + 3 < size) narrow(to[at + 3], four.w);
}

DEVICE void store_four(float* to, const float4& four, long long at, long long size, bool whole) {
  if (whole && at + 4 <= size)
    *(float4*)(to + at) = four;
  else
    store_each(to, four, at, size);
}

/** The same for a 16-bit type: four elements are 8 bytes. */
template <class Element>
DEVICE void store_four(Element* to, const float4& four, long long at, long long size, bool whole) {
  if (whole && at + 4 <= size) {
    const float values[4] = {four.x, four.y, four.z, four.w};
    uint2 two;
    two.x = as_word(values, Element());
    two.y = as_word(values + 2, Element());
    *(uint2*)(to + at) = two;
  } else {
    store_each(to, four, at, size);
  }
}

/**
 * One thread per block computes the shared values, because double is slow on most cards. If copy is null, none is
 * written.
 */
DEVICE void update_all(scalar* copy, float* parameters, float* gradients, float* first_moment, float* second_moment,
                       const float* step, double beta1, double beta2, double epsilon, double weight_decay,
                       long long decayed, long long size) {
  __shared__ Update shared_update;
  if (threadIdx.x == 0) shared_update = make_update(step, beta1, beta2, epsilon, weight_decay);
  __syncthreads();
  const Update with = shared_update;
  const bool skip = with.gradient_scale != with.gradient_scale;
  const bool whole =
      aligned(parameters) && aligned(gradients) && aligned(first_moment) && aligned(second_moment);
  const bool whole_copy = aligned(copy);
  const long long stride = (long long)gridDim.x * blockDim.x * 4;
  for (long long at = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * 4; at < size; at += stride) {
    float4 p = load_four(parameters, at, size, whole);
    if (!skip) {
      float4 m = load_four(first_moment, at, size, whole);
      float4 v = load_four(second_moment, at, size, whole);
      const float4 g = load_four(gradients, at, size, whole);
      p.x = updated(p.x, g.x, m.x, v.x, at < decayed ? with.decay : 1.0f, with);
      p.y = updated(p.y, g.y, m.y, v.y, at + 1 < decayed ? with.decay : 1.0f, with);
      p.z = updated(p.z, g.z, m.z, v.z, at + 2 < decayed ? with.decay : 1.0f, with);
      p.w = updated(p.w, g.w, m.w, v.w, at + 3 < decayed ? with.decay : 1.0f, with);
      store_four(parameters, p, at, size, whole);
      store_four(first_moment, m, at, size, whole);
      store_four(second_moment, v, at, size, whole);
    }
    if (copy) store_four(copy, p, at, size, whole_copy);
    float4 zero;
    zero.x = zero.y = zero.z = zero.w = 0;
    store_four(gradients, zero, at, size, whole);
  }
}

/**
 * @param decayed the number of parameters, from the first on, that weight decay applies to
 * @param step learning rate, gradient scale, 1 - beta1^t, 1 - beta2^t; if the gradient scale is NaN, parameters and
 * moments stay unchanged, and only the gradients are zeroed
 */
extern "C" __global__ void adamw(float* parameters, float* gradients, float* first_moment, float* second_moment,
                                 const float* step, double beta1, double beta2, double epsilon, double weight_decay,
                                 long long decayed, long long size) {
  update_all(0, parameters, gradients, first_moment, second_moment, step, beta1, beta2, epsilon, weight_decay,
             decayed, size);
}

/** Like adamw; also writes copy[size] = the updated parameters, rounded. */
extern "C" __global__ void adamw_narrow(scalar* copy, float* parameters, float* gradients, float* first_moment,
                                        float* second_moment, const float* step, double beta1, double beta2,
                                        double epsilon, double weight_decay, long long decayed, long long size) {
  update_all(copy, parameters, gradients, first_moment, second_moment, step, beta1, beta2, epsilon, weight_decay,
             decayed, size);
}
