/** A journal whose reader at the screen is told of everything too. */
import type { Journal } from './journal.ts';
import type { Beginning } from './beginning.ts';
import type { Extent } from './screen/lines.ts';
import type { Screen } from './screen.ts';

/** What a run turned out to run on. */
export interface Facts {
  backend: string; // empty before the first worker
  workers: number; // that computed the last step
  bestLoss: number | null; // of evaluations: held out, or of training rows where none are
  generative: boolean; // whether the model draws
}

/** What is known of them before the first step. */
export const factsOf = ({ progress, model }: Pick<Beginning, 'progress' | 'model'>): Facts => ({
  backend: '',
  workers: progress?.workers ?? 0,
  bestLoss: progress?.bestLoss ?? null,
  generative: model?.generative ?? false,
});

export function watched(journal: Journal, screen: Screen, extent: Extent, facts: Facts): Journal {
  return {
    ...journal,
    modelKnown(model, backend) {
      facts.backend = backend;
      facts.generative = model.generative;
      screen.modelKnown(model, backend);
      journal.modelKnown(model, backend);
    },
    basisKnown(basis) {
      screen.basisKnown(basis);
      journal.basisKnown(basis);
    },
    stepDone(record) {
      facts.workers = record.workers;
      screen.stepDone(record, extent);
      journal.stepDone(record);
    },
    evaluated(record) {
      const judged = (record.heldOut ?? record.training)['loss'] ?? NaN;
      if (record.improved) facts.bestLoss = judged;
      screen.evaluated(record, extent);
      journal.evaluated(record);
    },
    picture(picture) {
      screen.busy(`painting ${picture.name}`);
      journal.picture(picture);
    },
  };
}
