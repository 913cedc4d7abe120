/**
 * What is known of the files that people train on: SVHN, format 2, as its authors publish it.
 *
 * Source: Netzer, Wang, Coates, Bissacco, Wu and Ng (2011), http://ufldl.stanford.edu/housenumbers; the MD5 sums
 * are those that torchvision and other libraries hold the same files against.
 */
import { basename } from 'node:path';

export interface PublishedFile {
  readonly name: string;
  readonly bytes: number;
  readonly md5: string; // hex
}

export const svhnBase = 'http://ufldl.stanford.edu/housenumbers';

export const svhnSplits = {
  train: { name: 'train_32x32.mat', bytes: 182_040_794, md5: 'e26dedcc434d2e4c54c9b2d4a06d8373' },
  test: { name: 'test_32x32.mat', bytes: 64_275_384, md5: 'eb5a983be6a315427106f1b164d9cef3' },
  extra: { name: 'extra_32x32.mat', bytes: 1_329_278_602, md5: 'a93ce644f1a588dc4d68dda5feec44a7' },
} as const satisfies Record<string, PublishedFile>;

export type SvhnSplit = keyof typeof svhnSplits;
export const svhnSplitNames = Object.keys(svhnSplits) as SvhnSplit[];

/** The published file of the same name; null where none is known. */
export const publishedLike = (path: string): PublishedFile | null =>
  Object.values(svhnSplits).find(({ name }) => name === basename(path)) ?? null;
