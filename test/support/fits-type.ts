/**
 * Holds JSON against a TypeScript type as if it were a schema: every field is known, none that must be there is
 * missing, every literal is one of those allowed. What a compiler does with source, done with data.
 */
import assert from 'node:assert/strict';
import ts from 'typescript';

export interface TypeBook {
  /** @returns a line for each place where the value is not of the type; none when it is */
  misfits(value: unknown, file: string, name: string): string[];
}

/** @param files of declarations, absolute, that export the types */
export function readTypes(files: readonly string[]): TypeBook {
  const program = ts.createProgram([...files], {
    strict: true,
    skipLibCheck: true,
    lib: ['lib.es2023.d.ts'],
  });
  const checker = program.getTypeChecker();
  return {
    misfits(value, file, name) {
      const source = program.getSourceFile(file);
      const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(source!)!);
      const symbol = exported.find((each) => each.name === name);
      assert.ok(symbol !== undefined, `${file} exports no ${name}`);
      return differences(checker, value, checker.getDeclaredTypeOfSymbol(symbol), name);
    },
  };
}

function differences(checker: ts.TypeChecker, value: unknown, type: ts.Type, path: string): string[] {
  if ((type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0) return [];
  if (type.isUnion()) {
    const members = type.types.filter(({ flags }) => (flags & ts.TypeFlags.Undefined) === 0); // JSON knows none
    const tried = members.map((each) => differences(checker, value, each, path));
    return tried.sort((a, b) => a.length - b.length)[0]!; // the one that it is most like
  }
  if (typeof value !== 'object' || value === null)
    return isScalarOf(value, type)
      ? []
      : [`${path} is ${JSON.stringify(value)}, expected ${checker.typeToString(type)}`];
  if (Array.isArray(value)) {
    const [item] = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference) : [];
    if (item === undefined) return [`${path} is a list, expected ${checker.typeToString(type)}`];
    return value.flatMap((each, index) => differences(checker, each, item, `${path}[${index}]`));
  }
  if ((type.flags & ts.TypeFlags.Object) === 0 || checker.isArrayType(type))
    return [`${path} is an object, expected ${checker.typeToString(type)}`];
  return objectDifferences(checker, value as Record<string, unknown>, type, path);
}

function objectDifferences(
  checker: ts.TypeChecker,
  value: Record<string, unknown>,
  type: ts.Type,
  path: string,
): string[] {
  const missing = checker.getPropertiesOfType(type).flatMap((property) => {
    const isOptional = (property.flags & (ts.SymbolFlags.Optional | ts.SymbolFlags.Method)) !== 0;
    return isOptional || property.name in value ? [] : [`${path} has no ${property.name}`];
  });
  const wrong = Object.entries(value).flatMap(([key, each]) => {
    const property = type.getProperty(key);
    const expected = property === undefined ? type.getStringIndexType() : checker.getTypeOfSymbol(property);
    return expected === undefined
      ? [`${path} has ${key}, which ${checker.typeToString(type)} has not`]
      : differences(checker, each, expected, `${path}.${key}`);
  });
  return [...missing, ...wrong];
}

function isScalarOf(value: unknown, type: ts.Type): boolean {
  if (type.isStringLiteral() || type.isNumberLiteral()) return type.value === value;
  if ((type.flags & ts.TypeFlags.BooleanLiteral) !== 0)
    return (type as ts.Type & { intrinsicName: string }).intrinsicName === String(value);
  const flag = { string: ts.TypeFlags.String, number: ts.TypeFlags.Number, boolean: ts.TypeFlags.Boolean };
  if (value === null) return (type.flags & ts.TypeFlags.Null) !== 0;
  return (type.flags & (flag[typeof value as keyof typeof flag] ?? 0)) !== 0;
}
