/** The formats that `lockstep export` writes: apart, since the command line needs no more than their names. */
export const exportFormats = ['tfjs', 'safetensors'] as const;
export type ExportFormat = (typeof exportFormats)[number];
