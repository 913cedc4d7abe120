/**
 * Early stopping as Keras does it, and which evaluation was the best.
 *
 * An evaluation counts as an improvement when its loss is lower than the best by more than `minDelta`; after
 * `patience` evaluations without one, the run stops. The state travels with every checkpoint.
 */

export interface StoppingSettings {
  readonly minDelta: number; // nats
  readonly patience: number; // evaluations
}

export interface StoppingState {
  readonly best: number | null; // the loss that later ones must beat by minDelta
  readonly waited: number; // evaluations since
}

export const freshStopping: StoppingState = { best: null, waited: 0 };

/** @param loss of this evaluation, in nats per sample; not finite counts as no improvement */
export function observeLoss(
  state: StoppingState,
  loss: number,
  settings: StoppingSettings,
): { readonly state: StoppingState; readonly improved: boolean; readonly stop: boolean } {
  const improved = Number.isFinite(loss) && (state.best === null || loss < state.best - settings.minDelta);
  const next = improved ? { best: loss, waited: 0 } : { best: state.best, waited: state.waited + 1 };
  return { state: next, improved, stop: next.waited >= settings.patience };
}
