/** A network that is nothing but dense layers: what a trained model comes to once there is no more to learn. */

/** `clip` keeps values between 0 and 1. */
export type Activation = 'linear' | 'relu' | 'sigmoid' | 'clip';

/** y = activation(x kernel + bias). */
export interface DenseLayer {
  readonly name: string;
  readonly input: string; // another layer's name, or the network's input
  readonly inputSize: number;
  readonly size: number;
  readonly kernel: Float32Array; // [inputSize, size]
  readonly bias: Float32Array; // [size]
  readonly activation: Activation;
}

export interface Network {
  readonly name: string;
  readonly input: string;
  readonly inputShape: readonly number[]; // of one sample; more than one dimension is flattened first
  readonly layers: readonly DenseLayer[]; // each after those that it reads
  readonly outputs: readonly string[]; // names of layers
  readonly outputShape: readonly number[]; // of one sample, for each output
}
