/**
 * A folder as a bundle: one compressed archive in parts of at most so many bytes, the SHA-256 of each, and a script
 * that checks and unpacks them with nothing but sh, sha256sum, tar and gzip.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runError } from '../../shared/errors.ts';

export interface Packing {
  readonly tree: string; // what is packed; links are followed
  readonly dir: string; // that the bundle goes to, empty
  readonly partBytes: number; // of a part, at most
  readonly exclude: readonly string[]; // patterns of tar
  readonly system: string; // as `uname -sm` says it
}

const partName = (index: number): string => `lockstep.tar.gz.${String(index).padStart(3, '0')}`;

/** @returns bytes of all parts. @throws LockstepError when tar fails */
export async function packTree({ tree, dir, partBytes, exclude, system }: Packing): Promise<number> {
  const words = ['--create', '--dereference', '--use-compress-program=gzip -1', '--directory', tree];
  words.push('--owner=0', '--group=0', ...exclude.map((pattern) => `--exclude=${pattern}`), '.');
  const tar = spawn('tar', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  tar.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(tar, 'close') as Promise<[number | null]>;
  const parts = createParts(dir, partBytes);
  for await (const chunk of tar.stdout) parts.write(chunk as Buffer);
  const [code] = await ended;
  const { sums, bytes } = parts.close();
  if (code !== 0) throw runError(`tar could not pack ${tree}: ${said.trim().split('\n').at(-1) ?? ''}`);
  writeFileSync(join(dir, 'SHA256SUMS'), sums.map(({ name, hash }) => `${hash}  ${name}\n`).join(''));
  const script = readFileSync(fileURLToPath(new URL('install.sh', import.meta.url)), 'utf8');
  writeFileSync(join(dir, 'install.sh'), script.replaceAll('@SYSTEM@', system), { mode: 0o755 });
  return bytes;
}

/** Cuts what is written into files, and takes the SHA-256 of each. */
function createParts(dir: string, partBytes: number) {
  const sums: { name: string; hash: string }[] = [];
  let bytes = 0;
  let open: { file: number; hash: ReturnType<typeof createHash>; left: number } | null = null;

  const begin = () => ({
    file: openSync(join(dir, partName(sums.length)), 'wx'),
    hash: createHash('sha256'),
    left: partBytes,
  });

  function end(): void {
    if (open === null) return;
    closeSync(open.file);
    sums.push({ name: partName(sums.length), hash: open.hash.digest('hex') });
    open = null;
  }

  return {
    write(chunk: Buffer): void {
      for (let offset = 0; offset < chunk.length;) {
        open ??= begin();
        const piece = chunk.subarray(offset, offset + open.left);
        for (let done = 0; done < piece.length;) done += writeSync(open.file, piece, done);
        open.hash.update(piece);
        open.left -= piece.length;
        offset += piece.length;
        bytes += piece.length;
        if (open.left === 0) end();
      }
    },
    close() {
      end();
      return { sums, bytes };
    },
  };
}
