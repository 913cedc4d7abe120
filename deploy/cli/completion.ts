/**
 * What a shell offers after a tab. yargs knows commands, flags and choices; here flags wait for their dash, so that
 * elsewhere the shell offers files, and the settings of a run, which yargs takes as text, get their choices.
 */
import type { FallbackCompletionFunction } from 'yargs';
import { configFieldNames } from '../../shared/runtime/config.ts';
import { flagName, viewOf } from '../../shared/runtime/field.ts';
import { presetNames } from '../../shared/runtime/presets.ts';

/** @param words the command line: the one to complete comes last */
export const completionOf =
  (words: readonly string[]): FallbackCompletionFunction =>
  (current, _given, complete, done) => {
    const choices = choicesAfter(words.at(-2) ?? '');
    if (choices !== null) return void done(choices.filter((choice) => choice.startsWith(current)));
    complete((error, found) => {
      if (error !== null) throw error;
      done((found ?? []).filter((word) => word.startsWith('-') === current.startsWith('-')));
    });
  };

/** @returns null where it is no setting, or one of many values */
function choicesAfter(flag: string): readonly string[] | null {
  if (flag === '--preset') return presetNames;
  const field = configFieldNames.find((name) => flagName(name) === flag);
  return field === undefined ? null : (viewOf(field).choices ?? null);
}
