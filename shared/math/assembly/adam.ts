/**
 * Adam with bias correction: Kingma and Ba 2015, algorithm 1, four values at a time.
 *
 * Every float32 operation rounds once and in the order written here, which reference.ts repeats in JavaScript:
 *
 *   g = gradientScale * gradient
 *   m = beta1 * m + (1 - beta1) * g
 *   v = beta2 * v + (1 - beta2) * (g * g)
 *   p = p - (learningRate * (m * correction1)) / (sqrt(v * correction2) + epsilon)
 */
export function adam(
  out: usize,
  parameters: usize,
  firstMoment: usize,
  secondMoment: usize,
  gradient: usize,
  count: u32,
  gradientScale: f32,
  learningRate: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  epsilon: f32,
  correction1: f32,
  correction2: f32,
): void {
  const whole = count & ~3;
  let i: u32 = 0;
  for (; i < whole; i += 4) {
    const at = i << 2;
    const g = f32x4.mul(v128.load(gradient + at), f32x4.splat(gradientScale));
    const m = f32x4.add(
      f32x4.mul(f32x4.splat(beta1), v128.load(firstMoment + at)),
      f32x4.mul(f32x4.splat(oneMinusBeta1), g),
    );
    const v = f32x4.add(
      f32x4.mul(f32x4.splat(beta2), v128.load(secondMoment + at)),
      f32x4.mul(f32x4.splat(oneMinusBeta2), f32x4.mul(g, g)),
    );
    const numerator = f32x4.mul(f32x4.splat(learningRate), f32x4.mul(m, f32x4.splat(correction1)));
    const root = f32x4.sqrt(f32x4.mul(v, f32x4.splat(correction2)));
    const change = f32x4.div(numerator, f32x4.add(root, f32x4.splat(epsilon)));
    v128.store(firstMoment + at, m);
    v128.store(secondMoment + at, v);
    v128.store(out + at, f32x4.sub(v128.load(parameters + at), change));
  }
  for (; i < count; i++) {
    const at = i << 2;
    const g = load<f32>(gradient + at) * gradientScale;
    const m = beta1 * load<f32>(firstMoment + at) + oneMinusBeta1 * g;
    const v = beta2 * load<f32>(secondMoment + at) + oneMinusBeta2 * (g * g);
    const change = (learningRate * (m * correction1)) / (sqrt<f32>(v * correction2) + epsilon);
    store<f32>(firstMoment + at, m);
    store<f32>(secondMoment + at, v);
    store<f32>(out + at, load<f32>(parameters + at) - change);
  }
}
