/**
 * A device of Dawn, which is WebGPU as a library: found, opened with all that it has, and watched.
 *
 * The npm package `webgpu` is an optional peer of this one: it is large, and few need it. What fails on a device
 * fails later and throws nothing, so the first failure is kept for whoever reads next.
 */
import { createRequire } from 'node:module';
import { exitCodes, LockstepError, unavailableError } from '../../errors.ts';

export interface WebgpuDevice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  readonly name: string; // of the device, and its driver
  readonly isCpu: boolean;
  readonly version: string; // of the npm package
  /** The first thing that went wrong on the device. */
  failure(): LockstepError | null;
}

/** What the npm package `webgpu` exports. */
export interface Dawn {
  /** @param options such as `backend=vulkan` */
  create(options: string[]): GPU;
  readonly globals: object; // GPUBufferUsage and the like
}

/** Of the npm package; package.json names it too. */
export const dawnVersion = '0.6.2';
const others = 'or take --runtime tensorflow or wasm';

/**
 * @param load gives the npm package
 * @throws LockstepError (69) without the package, or without a device that it can use
 */
export async function openWebgpuDevice(
  load: () => Promise<Dawn> = () => import('webgpu'),
): Promise<WebgpuDevice> {
  const { create, globals } = await loadDawn(load);
  const gpu = create([]);
  Object.assign(globalThis, globals);
  // What TensorFlow.js looks at. From Node 21 on there is one without a GPU, and without a setter.
  const navigator = { gpu, userAgent: 'node' };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw unavailableError(
      `WebGPU finds no device here: install the Vulkan driver of the GPU, and libvulkan1, ${others}`,
    );
  }
  const { info } = adapter;
  const device = await adapter.requestDevice({ requiredLimits: limitsOf(adapter) });
  return {
    device,
    info,
    name: [info.device, info.description].filter((part) => part.length > 0).join(', ') || info.vendor,
    isCpu: info.isFallbackAdapter,
    version: (createRequire(import.meta.url)('webgpu/package.json') as { version: string }).version,
    failure: watch(device),
  };
}

async function loadDawn(load: () => Promise<Dawn>): Promise<Dawn> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ERR_MODULE_NOT_FOUND' ? 'is not installed' : `cannot be loaded (${message})`;
    throw new LockstepError(
      `the npm package webgpu ${reason}: run \`npm install webgpu@${dawnVersion}\`, ${others}`,
      exitCodes.unavailable,
      { cause },
    );
  }
}

/** As large as the adapter allows: by default a buffer has at most 128 MiB, and a layer may need more. */
function limitsOf({ limits }: GPUAdapter): Record<string, number> {
  const {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxComputeWorkgroupStorageSize,
    maxComputeWorkgroupsPerDimension,
    maxComputeWorkgroupSizeX,
    maxComputeInvocationsPerWorkgroup,
  } = limits;
  return {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxComputeWorkgroupStorageSize,
    maxComputeWorkgroupsPerDimension,
    maxComputeWorkgroupSizeX,
    maxComputeInvocationsPerWorkgroup,
  };
}

/** Keeps the first failure. A lost device may come back with a new process: exit code 75. */
function watch(device: GPUDevice): () => LockstepError | null {
  let first: LockstepError | null = null;
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // or Dawn prints it as well
    const { error } = event as GPUUncapturedErrorEvent;
    first ??=
      error instanceof GPUOutOfMemoryError
        ? new LockstepError(
            'the GPU is out of memory: take a smaller --micro-batch-size',
            exitCodes.runFailed,
          )
        : new LockstepError(`WebGPU failed: ${error.message}`, exitCodes.runFailed);
  });
  const onLoss = ({ reason, message }: GPUDeviceLostInfo): void => {
    if (reason === 'destroyed') return; // by ourselves
    first ??= new LockstepError(`the GPU was lost: ${message}`, exitCodes.peerLost);
  };
  void device.lost.then(onLoss);
  return () => first;
}
