/**
 * The variables of the environment that set fields: `LOCKSTEP_` and the field's name in upper snake case.
 *
 * Other variables of that prefix are left alone, since clusters make their own (Kubernetes adds
 * `LOCKSTEP_COORDINATOR_PORT` for a service `lockstep-coordinator`); one that looks like a slip of the pen
 * is told, not refused. An empty one counts as unset, as compose files write it.
 */
import { configFieldNames, type ConfigField } from './config.ts';
import { parseFieldText, variableName } from './field.ts';
import { nearestName } from './nearest.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export const presetVariable = 'LOCKSTEP_PRESET';

/** Ours, but no fields. */
const otherVariables = [
  presetVariable,
  'LOCKSTEP_CUDA',
  'LOCKSTEP_OFFLINE',
  'LOCKSTEP_TENSORFLOW',
  'LOCKSTEP_TEST_STRICT',
];
const fieldVariables = new Map(configFieldNames.map((field) => [variableName(field), field]));
const knownVariables = [...fieldVariables.keys(), ...otherVariables];
const prefix = 'LOCKSTEP_';

/** @returns the values that are set, read but not checked, and a line for each variable that is nearly one */
export function readEnvironment(environment: Environment): {
  readonly settings: ReadonlyMap<ConfigField, unknown>;
  readonly notices: readonly string[];
} {
  const settings = new Map<ConfigField, unknown>();
  const notices: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!text || !name.startsWith(prefix)) continue;
    const field = fieldVariables.get(name);
    if (field !== undefined) settings.set(field, parseFieldText(field, text));
    else if (!otherVariables.includes(name)) notices.push(...slip(name));
  }
  return { settings, notices };
}

/** The prefix would count as letters that are right, so only what follows is compared. */
function slip(name: string): string[] {
  const bare = (variable: string): string => variable.slice(prefix.length);
  const near = nearestName(bare(name), knownVariables.map(bare));
  return near === null ? [] : [`${name} is not a setting, and is ignored; did you mean ${prefix}${near}?`];
}
