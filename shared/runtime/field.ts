/**
 * What people see of a field of the configuration: its names as flag and variable, what it accepts in words,
 * and how its text is read.
 *
 * Flags and variables arrive as text, and both are read here: `abc` for a number stays text, and so is refused
 * by the schema with the value as it was typed. (Command-line parsers make NaN of it, or 0 of nothing.)
 */
import { z } from 'zod';
import { configFields, type ConfigField } from './config.ts';

/** The part of JSON Schema that the configuration's fields use. */
interface FieldSchema {
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'null';
  readonly anyOf?: readonly FieldSchema[];
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

export interface FieldView {
  readonly kind: 'text' | 'number' | 'boolean' | 'list';
  readonly nullable: boolean; // `none` is null
  readonly choices: readonly string[] | null;
  readonly expected: string; // such as `a positive integer, or none`
  readonly description: string;
  readonly fallback: unknown; // the default
}

export const flagName = (field: string): string => `--${kebabCase(field)}`;
export const variableName = (field: string): string =>
  `LOCKSTEP_${kebabCase(field).toUpperCase().replaceAll('-', '_')}`;
export const kebabCase = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
export const camelCase = (name: string): string =>
  name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const views = new Map<ConfigField, FieldView>();

export function viewOf(field: ConfigField): FieldView {
  const known = views.get(field);
  if (known) return known;
  const view = describeSchema(z.toJSONSchema(configFields[field], { io: 'input' }) as FieldSchema);
  views.set(field, view);
  return view;
}

/**
 * Reads a flag's or a variable's text. What can't be read is returned as it came, for the schema to refuse.
 * @param text a list where the flag was given several values
 */
export function parseFieldText(field: ConfigField, text: string): unknown {
  const { kind, nullable } = viewOf(field);
  if (nullable && text === 'none') return null;
  switch (kind) {
    case 'number':
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
    case 'boolean':
      return booleans.get(text) ?? text;
    case 'list':
      return text === '' ? [] : text.split(',');
    case 'text':
      return text;
  }
}

const booleans = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function describeSchema(schema: FieldSchema): FieldView {
  const inner = schema.anyOf?.find((option) => option.type !== 'null') ?? schema;
  const nullable = schema.anyOf !== undefined;
  return {
    kind: kindOf(inner),
    nullable,
    choices: inner.enum ?? null,
    expected: `${expectation(inner)}${nullable ? ', or none' : ''}`,
    description: schema.description ?? '',
    fallback: schema.default,
  };
}

function kindOf({ type }: FieldSchema): FieldView['kind'] {
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'array') return 'list';
  return type === 'boolean' ? 'boolean' : 'text';
}

function expectation(schema: FieldSchema): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'array') return 'one name or more';
  if (schema.type === 'string') return 'text';
  return numericExpectation(schema);
}

function numericExpectation(schema: FieldSchema): string {
  const noun = schema.type === 'integer' ? 'integer' : 'number';
  const bounds: string[] = [];
  const positive = schema.exclusiveMinimum === 0;
  if (schema.exclusiveMinimum !== undefined && !positive) bounds.push(`above ${schema.exclusiveMinimum}`);
  if (schema.minimum !== undefined) bounds.push(`of at least ${schema.minimum}`);
  if (schema.exclusiveMaximum !== undefined) bounds.push(`below ${schema.exclusiveMaximum}`);
  if (schema.maximum !== undefined && schema.maximum !== Number.MAX_SAFE_INTEGER)
    bounds.push(`up to ${schema.maximum}`);
  const article = positive ? 'a positive' : noun === 'integer' ? 'an' : 'a';
  return [`${article} ${noun}`, bounds.join(' and ')].filter(Boolean).join(' ');
}
