/** A plot as a file of its own: on white, since it has no page behind it. */
export const onWhite = (svg: string): string =>
  svg.replace(/(<svg [^>]*>)/, '$1<rect width="100%" height="100%" fill="#ffffff"/>');
