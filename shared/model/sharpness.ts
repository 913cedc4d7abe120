/**
 * How sharp a minimum is, by two measures of a loss surface around some parameters w:
 *
 *   rise        L(w + rho g / |g|) - L(w), in nats: what the worst step of length rho costs, to first order (Foret et
 *               al. 2021, eq. 2 and 3). Keskar's measure divides by 1 + L, which means nothing of a negative loss.
 *   eigenvalue  the largest, most positive one of the Hessian, by power iteration on products that are central
 *               differences of gradients, H v = [g(w + h v) - g(w - h v)] / 2h, on the host in float64.
 *
 * h is rho: both measures look equally far. Of a network with ReLU the gradient jumps where a unit goes on or off. A
 * short difference sees few jumps, each divided by 2h, which is noise; a long one their mean, which is curvature. On
 * small models of digits the eigenvalue was the same within some 5 % from h = 0.05 to 0.1, and lost in noise below 0.01.
 *
 * Both depend on how the parameters are scaled: a layer before batch norm or ReLU can be scaled down, and the next one
 * up, without a change of what the model computes (Dinh et al. 2017). So they compare models that were trained alike,
 * and say nothing of one alone.
 */
import { largestEigenvalue } from '../math/largest-eigenvalue.ts';
import type { LossSurface } from './loss-surface.ts';

export interface Sharpness {
  readonly loss: number; // L(w), nats a row
  readonly gradientNorm: number; // |g|
  readonly rho: number;
  readonly rise: number; // nats
  readonly eigenvalue: number; // nats over a squared unit of w
  readonly residual: number; // of the eigenvalue, as largest-eigenvalue.ts has it
  readonly productCount: number; // Hessian-vector products
  readonly isSettled: boolean;
}

export const sharpnessRows = 1000; // training rows that it is measured on, where nobody says
export const rho = 0.05; // as SAM's authors have it for most of their experiments
const difference = rho; // h
const tolerance = 0.005;
export const productLimit = 50; // of two gradients each

/**
 * @param parameters w, [P]
 * @param seed of the first vector of the power iteration
 * @param onProduct told how many products there are
 */
export async function measureSharpness(
  surface: LossSurface,
  parameters: Float32Array,
  seed: number,
  onProduct: (count: number) => void = () => {},
): Promise<Sharpness> {
  const { size } = surface;
  const [up, down] = [new Float64Array(size), new Float64Array(size)]; // gradients
  const moved = new Float32Array(size);
  const move = (direction: Float64Array, length: number): Float32Array => {
    for (let i = 0; i < size; i++) moved[i] = parameters[i]! + length * direction[i]!;
    return moved;
  };
  const loss = await surface.gradient(parameters, up);
  const gradientNorm = Math.sqrt(up.reduce((sum, value) => sum + value * value, 0));
  const rise = gradientNorm === 0 ? 0 : (await surface.loss(move(up, rho / gradientNorm))) - loss;
  let count = 0;
  const product = async (v: Float64Array, out: Float64Array): Promise<void> => {
    await surface.gradient(move(v, difference), up);
    await surface.gradient(move(v, -difference), down);
    for (let i = 0; i < size; i++) out[i] = (up[i]! - down[i]!) / (2 * difference);
    onProduct(++count);
  };
  const top = await largestEigenvalue(product, size, { seed, tolerance, productLimit });
  const { value: eigenvalue, residual, productCount, isSettled } = top;
  return { loss, gradientNorm, rho, rise, eigenvalue, residual, productCount, isSettled };
}
