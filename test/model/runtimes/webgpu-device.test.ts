/** Where there is no Dawn, or nothing that it can use, one line says what to do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LockstepError } from '../../../shared/errors.ts';
import { dawnVersion, openWebgpuDevice, type Dawn } from '../../../shared/model/runtimes/webgpu-device.ts';
import { requiresSwiftshader, swiftshader } from '../../support/swiftshader.ts';

Object.assign(process.env, swiftshader);

const refusalOf = (load: () => Promise<Dawn>): Promise<LockstepError> =>
  openWebgpuDevice(load).then(
    () => assert.fail('a device was opened'),
    (error: unknown) => {
      assert.ok(error instanceof LockstepError && error.exitCode === 69 && !error.message.includes('\n'));
      return error;
    },
  );

test('without the package the line has the command that installs it, of the version that is tested', async () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;
  assert.equal(manifest['devDependencies']!['webgpu'], dawnVersion);
  assert.equal(manifest['peerDependencies']!['webgpu'], dawnVersion);
  const missing = Object.assign(new Error("Cannot find package 'webgpu'"), { code: 'ERR_MODULE_NOT_FOUND' });
  const { message } = await refusalOf(() => Promise.reject(missing));
  assert.match(message, new RegExp(`not installed: run \`npm install webgpu@${dawnVersion}\``));
});

test('a package that cannot be loaded says why', async () => {
  const { message } = await refusalOf(() => Promise.reject(new Error('GLIBC_2.99 not found')));
  assert.match(message, /GLIBC_2\.99/);
});

test('where there is nothing that Dawn can use, the line names the driver', async () => {
  const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
  const { message } = await refusalOf(() => Promise.resolve({ create: () => gpu, globals: {} }));
  assert.match(message, /Vulkan driver.*--runtime/);
});

test('a device has all that its adapter allows, and keeps its first failure', async (context) => {
  if (!requiresSwiftshader(context)) return;
  const { device, name, isCpu, version, failure } = await openWebgpuDevice();
  assert.equal(version, dawnVersion);
  assert.ok(isCpu);
  assert.match(name, /swiftshader/i);
  assert.ok(device.limits.maxStorageBufferBindingSize > 2 ** 27, 'more than is granted by default');
  assert.equal(failure(), null);
  const usage = GPUBufferUsage.STORAGE;
  for (const size of [2 ** 50, 2 ** 51]) device.createBuffer({ size, usage });
  await device.queue.onSubmittedWorkDone();
  assert.match(failure()!.message, new RegExp(`${2 ** 50}`));
});
