/**
 * Three alphabets of digits as pen strokes, for synthetic images.
 *
 * A digit is drawn in a box one wide and one high, y downwards, in a small language of paths: `M x y` lifts the
 * pen, `L x y` draws a line, `C x1 y1 x2 y2 x y` a cubic Bezier curve. Curves are cut into lines here, once;
 * what a stroke looks like (weight, slant, size) is up to whoever draws it.
 */

/** Lines [x0, y0, x1, y1] in the unit box, one after another. */
export type Strokes = Float64Array;

export interface Font {
  readonly name: string;
  readonly aspect: number; // width of a digit over its height
  /** How much thinner horizontal strokes are than vertical ones: 0 for not at all. */
  readonly contrast: number;
  readonly digits: readonly { readonly strokes: Strokes; readonly width: number }[]; // width over the usual one
}

const linesPerCurve = 7;
const narrowOne = 0.45;

/** Round and even, as enamelled house numbers are. */
const grotesque = [
  'M .5 0 C .82 0 1 .2 1 .5 C 1 .8 .82 1 .5 1 C .18 1 0 .8 0 .5 C 0 .2 .18 0 .5 0',
  'M .05 .24 L .75 0 L .75 1',
  'M .04 .28 C .06 .1 .25 0 .5 0 C .78 0 .96 .12 .96 .3 C .96 .52 .6 .65 .02 1 L 1 1',
  'M .04 .2 C .12 .06 .3 0 .48 0 C .75 0 .92 .1 .92 .26 C .92 .4 .75 .48 .42 .48 C .78 .48 1 .58 1 .74 C 1 .9 .8 1 .5 1 C .25 1 .06 .92 0 .76',
  'M .74 1 L .74 0 L 0 .7 L 1 .7',
  'M .92 0 L .2 0 L .1 .46 C .25 .36 .4 .34 .52 .34 C .82 .34 1 .48 1 .67 C 1 .88 .78 1 .5 1 C .26 1 .06 .92 0 .76',
  'M .93 .16 C .83 .04 .7 0 .54 0 C .18 0 0 .25 0 .6 C 0 .86 .2 1 .5 1 C .8 1 1 .86 1 .67 C 1 .48 .8 .37 .52 .37 C .25 .37 .04 .5 0 .66',
  'M 0 0 L 1 0 C .7 .3 .45 .62 .36 1',
  'M .5 .47 C .22 .47 .08 .36 .08 .24 C .08 .1 .26 0 .5 0 C .74 0 .92 .1 .92 .24 C .92 .36 .78 .47 .5 .47 C .8 .47 1 .58 1 .74 C 1 .9 .8 1 .5 1 C .2 1 0 .9 0 .74 C 0 .58 .2 .47 .5 .47',
];

/** Tall and narrow, straight where it can be, as stencilled or cut numbers are. */
const gothic = [
  'M .5 0 C .85 0 1 .1 1 .3 L 1 .7 C 1 .9 .85 1 .5 1 C .15 1 0 .9 0 .7 L 0 .3 C 0 .1 .15 0 .5 0',
  'M .5 0 L .5 1',
  'M 0 .28 C 0 .08 .2 0 .5 0 C .82 0 1 .1 1 .28 C 1 .45 .8 .55 0 1 L 1 1',
  'M .03 0 L .97 0 L .45 .4 C .82 .38 1 .52 1 .7 C 1 .9 .8 1 .5 1 C .22 1 .04 .92 0 .77',
  'M .16 0 L .04 .62 L 1 .62 M .76 .3 L .76 1',
  'M .95 0 L .08 0 L .08 .44 C .2 .38 .35 .36 .5 .36 C .84 .36 1 .48 1 .68 C 1 .9 .8 1 .5 1 C .2 1 .02 .92 0 .78',
  'M .75 0 C .35 .18 0 .42 0 .68 C 0 .89 .2 1 .5 1 C .8 1 1 .89 1 .69 C 1 .5 .8 .4 .52 .4 C .28 .4 .08 .48 .02 .64',
  'M 0 0 L 1 0 L .36 1',
  'M .5 .46 C .2 .46 .05 .38 .05 .23 C .05 .08 .2 0 .5 0 C .8 0 .95 .08 .95 .23 C .95 .38 .8 .46 .5 .46 C .84 .46 1 .56 1 .73 C 1 .9 .84 1 .5 1 C .16 1 0 .9 0 .73 C 0 .56 .16 .46 .5 .46',
];

/** Thick downstrokes, thin cross strokes, feet and flags, as brass numbers are. */
const antiqua = [
  'M .5 0 C .85 0 1 .25 1 .5 C 1 .75 .85 1 .5 1 C .15 1 0 .75 0 .5 C 0 .25 .15 0 .5 0',
  'M .2 .16 L .55 0 L .55 1 M .12 1 L .98 1',
  'M .06 .26 C .04 .1 .22 0 .48 0 C .78 0 .94 .12 .94 .28 C .94 .5 .5 .68 .04 1 C .2 .92 .35 .92 .5 .97 C .7 1.02 .9 1.02 1 .84',
  'M .08 .2 C .12 .06 .28 0 .48 0 C .76 0 .9 .1 .9 .24 C .9 .38 .74 .46 .4 .47 C .8 .48 1 .58 1 .74 C 1 .9 .78 1 .48 1 C .22 1 .04 .94 .04 .8',
  'M .72 1 L .72 0 L 0 .72 L 1 .72 M .5 1 L .94 1',
  'M .9 -.02 C .8 .06 .4 .04 .2 .02 L .14 .46 C .25 .36 .4 .34 .52 .34 C .84 .34 1 .48 1 .66 C 1 .88 .76 1 .46 1 C .24 1 .06 .94 .04 .82',
  'M .9 .08 C .55 .02 0 .22 0 .64 C 0 .88 .2 1 .5 1 C .8 1 1 .88 1 .68 C 1 .5 .8 .4 .54 .4 C .28 .4 .06 .5 .02 .68',
  'M .02 .18 C .04 .04 .08 .02 .2 .02 L 1 .02 C .7 .34 .46 .62 .4 1',
  'M .5 .46 C .24 .42 .1 .34 .1 .22 C .1 .08 .28 0 .5 0 C .72 0 .9 .08 .9 .22 C .9 .34 .78 .42 .5 .46 C .82 .52 1 .6 1 .76 C 1 .92 .78 1 .5 1 C .22 1 0 .92 0 .76 C 0 .6 .2 .52 .5 .46',
];

export const fonts: readonly Font[] = [
  createFont('grotesque', 0.58, 0.1, grotesque, 0.7),
  createFont('gothic', 0.5, 0, gothic, narrowOne),
  createFont('antiqua', 0.6, 0.42, antiqua, 0.75),
];

/** A nine is a six turned by half a circle. */
function createFont(
  name: string,
  aspect: number,
  contrast: number,
  paths: readonly string[],
  oneWidth: number,
): Font {
  const strokes = paths.map(flatten);
  strokes.push((strokes[6] ?? new Float64Array(0)).map((value) => 1 - value));
  return {
    name,
    aspect,
    contrast,
    digits: strokes.map((lines, digit) => ({ strokes: lines, width: digit === 1 ? oneWidth : 1 })),
  };
}

/** Cuts a path into lines. */
export function flatten(path: string): Strokes {
  const lines: number[] = [];
  let at = [0, 0];
  for (const [, command = '', rest = ''] of path.matchAll(/([MLC])([^MLC]*)/g)) {
    const values = rest.trim().split(/\s+/).map(Number);
    const end = values.slice(-2);
    if (command === 'L') lines.push(...at, ...end);
    if (command === 'C') lines.push(...curveLines([...at, ...values]));
    at = end;
  }
  return Float64Array.from(lines);
}

/** @param p control points [x0, y0, ..., x3, y3] */
function curveLines(p: readonly number[]): number[] {
  const point = (t: number, axis: number): number => {
    const s = 1 - t;
    const [a, b, c, d] = [p[axis]!, p[2 + axis]!, p[4 + axis]!, p[6 + axis]!];
    return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d;
  };
  const lines: number[] = [];
  for (let i = 0; i < linesPerCurve; i++) {
    const [from, to] = [i / linesPerCurve, (i + 1) / linesPerCurve];
    lines.push(point(from, 0), point(from, 1), point(to, 0), point(to, 1));
  }
  return lines;
}
