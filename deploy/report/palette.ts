/**
 * The colours of reports. Series colours are those of Okabe and Ito ("Color universal design", 2008), which
 * people with any of the common colour-vision deficiencies tell apart; where lines cross they differ in dashes
 * too, so that a print in grey still reads.
 *
 * In a picture of its own a plot has these very colours on white. In a page each stands for a CSS variable, so
 * that the page can be dark.
 */

export const palette = {
  ink: '#1f2328',
  muted: '#667080',
  grid: '#e3e6ea',
  faint: '#b4bac4', // of what lies behind
  blue: '#0072b2',
  vermilion: '#d55e00',
  green: '#009e73',
  purple: '#a8558f',
  amber: '#c98500',
} as const;

export type Colour = keyof typeof palette;

/** Of series without a colour of their own, in this order. */
export const seriesColours: readonly Colour[] = ['blue', 'vermilion', 'green', 'purple', 'amber'];

const darkPalette: Readonly<Record<Colour, string>> = {
  ink: '#e6e8eb',
  muted: '#9aa3b0',
  grid: '#2d333b',
  faint: '#59616d',
  blue: '#56b4e9',
  vermilion: '#f2854b',
  green: '#3dc79a',
  purple: '#dd9bc6',
  amber: '#e9b44c',
};

const names = Object.keys(palette) as Colour[];

/** Declarations of the variables. */
export const lightVariables = names.map((name) => `--${name}: ${palette[name]};`).join(' ');
export const darkVariables = names.map((name) => `--${name}: ${darkPalette[name]};`).join(' ');

/** The picture with variables in the place of colours. */
export function withVariables(svg: string): string {
  return names.reduce((text, name) => text.replaceAll(`"${palette[name]}"`, `"var(--${name})"`), svg);
}
