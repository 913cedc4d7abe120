/** What `lockstep train` was asked to do, read and checked, before anything has happened. */
import type { Config } from '../../shared/runtime/config.ts';
import type { PresetName } from '../../shared/runtime/presets.ts';
import type { Sources } from '../../shared/runtime/sources.ts';
import type { HttpFlags } from './http-flags.ts';

export interface TrainRequest {
  readonly config: Config; // paths of data are absolute
  readonly sources: Sources; // for messages, and for fitToImages
  readonly preset: PresetName | null; // that the run began with; null where a resumed one does not say
  readonly notices: readonly string[]; // to be told at the start of the run
  readonly runDir: string | null; // as given; null to make one
  readonly resume: string | null; // a run folder
  readonly saved: Config | null; // of the run that is resumed, for keepHorizon
  readonly initFrom: string | null; // a checkpoint
  readonly trace: string | null; // absolute path of a file that can be made
  readonly port: number | null; // null: the first free one from 5770
  readonly http: HttpFlags; // of the live page and the metrics
  readonly json: boolean;
  readonly quiet: boolean;
  readonly argv: readonly string[]; // the flags as they were given, without the command's name
}
