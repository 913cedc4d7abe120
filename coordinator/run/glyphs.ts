/** Digits, 3 pixels wide and 5 high, for the labels under pictures. */

export const glyphWidth = 3;
export const glyphHeight = 5;

const glyphs = [
  '###|#.#|#.#|#.#|###',
  '.#.|##.|.#.|.#.|###',
  '###|..#|###|#..|###',
  '###|..#|.##|..#|###',
  '#.#|#.#|###|..#|..#',
  '###|#..|###|..#|###',
  '###|#..|###|#.#|###',
  '###|..#|.#.|.#.|.#.',
  '###|#.#|###|#.#|###',
  '###|#.#|###|..#|###',
].map((rows) => rows.split('|'));

/** Calls back for every inked pixel of a number, from its upper left corner; digits are 1 pixel apart. */
export function drawNumber(value: number, ink: (x: number, y: number) => void): void {
  String(value)
    .split('')
    .forEach((digit, index) => {
      glyphs[Number(digit)]!.forEach((row, y) =>
        row.split('').forEach((mark, x) => {
          if (mark === '#') ink(index * (glyphWidth + 1) + x, y);
        }),
      );
    });
}

/** Pixels that a number is wide. */
export const numberWidth = (value: number): number => String(value).length * (glyphWidth + 1) - 1;
