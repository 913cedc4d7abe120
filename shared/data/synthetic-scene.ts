/**
 * The choices behind one synthetic image: which digits, in what shape, in what light and colours.
 *
 * Ranges are moderate on purpose. The digit in the middle is whole, upright within a few degrees and clear of
 * its background, as in the easier half of SVHN, so that a small model trained for two minutes draws digits
 * that can be read; what makes such photographs hard (neighbours cut off, slant, shadow, blur, noise, little
 * contrast) is all there.
 */
import { type Font, fonts } from './synthetic-fonts.ts';
import type { Draw } from './synthetic-pixels.ts';

export type Colour = readonly [number, number, number]; // red, green, blue; 0 to 1

export interface Scene {
  readonly digit: number; // the label
  readonly left: number | null; // neighbours
  readonly right: number | null;
  readonly font: Font;
  readonly heightPixels: number;
  readonly radiusPixels: number; // half the width of a vertical stroke
  readonly gapPixels: number; // between digits
  readonly centre: readonly [number, number]; // pixels
  readonly turn: number; // tangent of half the angle
  readonly slant: number; // pixels to the left for each pixel downwards
  readonly keystone: number; // growth over the width of the image
  readonly ground: Colour;
  readonly ink: Colour;
  readonly gradient: readonly [number, number]; // of the light, over the image
  readonly texture: number; // amplitude
  readonly boards: {
    readonly spacingPixels: number;
    readonly phasePixels: number;
    readonly depth: number;
  } | null;
  readonly shadow: { readonly x: number; readonly y: number; readonly depth: number } | null;
  readonly blurPasses: number;
  readonly blurWeight: number;
  readonly noise: number; // amplitude
}

/** Draws every choice, always in this order. */
export function drawScene(draw: Draw): Scene {
  const between = (low: number, high: number): number => low + (high - low) * draw();
  const around = (width: number): number => (draw() + draw() - 1) * width; // triangular, in (-width, width)
  const chance = (probability: number): boolean => draw() < probability;
  const digit = Math.floor(draw() * 10);
  const neighbour = (): number | null => {
    const [present, value] = [chance(0.55), Math.floor(draw() * 10)];
    return present ? value : null;
  };
  const [left, right] = [neighbour(), neighbour()];
  const font = fonts[Math.floor(draw() * fonts.length)]!;
  const heightPixels = between(19, 24);
  const radiusPixels = heightPixels * between(0.065, 0.115);
  const gapPixels = 2 * radiusPixels + between(1.2, 3.6);
  const centre = [15.5 + around(1.6), 15.5 + around(1.4)] as const;
  const turn = around(0.07);
  const slant = chance(0.25) ? between(0.08, 0.26) : around(0.08);
  const keystone = around(0.18);
  const { ground, ink } = drawColours(between, chance);
  const gradient = [around(0.22), around(0.22)] as const;
  const texture = between(0, 0.05);
  const hasBoards = chance(0.14);
  const boards = { spacingPixels: between(6, 12), phasePixels: between(0, 12), depth: between(0.04, 0.14) };
  const hasShadow = chance(0.35);
  const shadow = { x: between(-1.6, 1.6), y: between(0.4, 1.8), depth: between(0.25, 0.6) };
  const blurPasses = 1 + Math.floor(draw() * draw() * 5);
  const blurWeight = between(0.1, 0.24);
  const noise = 0.004 + 0.035 * draw() * draw();
  return {
    digit, left, right, font, heightPixels, radiusPixels, gapPixels, centre, turn, slant, keystone, ground, ink, gradient,
    texture, boards: hasBoards ? boards : null, shadow: hasShadow ? shadow : null, blurPasses, blurWeight, noise,
  }; // prettier-ignore
}

/** Paints of houses and doors: how far each channel departs from grey. */
const tints: readonly Colour[] = [
  [0.02, 0, -0.03], // stone
  [0.14, 0.01, -0.12], // wood
  [-0.12, -0.02, 0.16], // blue
  [-0.08, 0.05, -0.01], // green
  [0.18, -0.07, -0.08], // red brick
  [0.1, 0.06, -0.12], // sand
  [-0.03, 0, 0.04], // slate
];

/** Ground and ink of opposite lightness, far enough apart to be read. */
function drawColours(
  between: (low: number, high: number) => number,
  chance: (probability: number) => boolean,
): { readonly ground: Colour; readonly ink: Colour } {
  const contrast = between(0.3, 0.72);
  const middle = between(0.12 + contrast / 2, 0.9 - contrast / 2);
  const lightInk = chance(0.55);
  const [groundLight, inkLight] = lightInk
    ? [middle - contrast / 2, middle + contrast / 2]
    : [middle + contrast / 2, middle - contrast / 2];
  const tint = (): Colour => tints[Math.floor(between(0, tints.length))]!;
  const shade = (light: number, colour: Colour, strength: number): Colour => [
    light + strength * (1.15 - light) * colour[0],
    light + strength * (1.15 - light) * colour[1],
    light + strength * (1.15 - light) * colour[2],
  ];
  const ground = shade(groundLight, tint(), between(0.2, 1.4));
  const ink = shade(inkLight, tint(), between(0, 0.6));
  return { ground, ink };
}
