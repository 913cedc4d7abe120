/**
 * SwiftShader, a Vulkan driver that computes on the CPU: what WebGPU is tested on, everywhere. It comes with
 * Debian's Chromium. Slow (0.2 to 0.6 GFLOPS), and as strict as a GPU.
 */
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { requiresFile } from './requires.ts';

const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
const loader = `/usr/lib/${triplet}/libvulkan.so.1`;

/** What a process needs in its environment before it opens WebGPU. */
export const swiftshader = { VK_DRIVER_FILES: driver };

export const hasSwiftshader = existsSync(driver) && existsSync(loader);

/** @returns whether the test may go on; if not, it is marked as skipped */
export const requiresSwiftshader = (context: TestContext): boolean =>
  requiresFile(driver, 'apt-get install chromium-common', context) &&
  requiresFile(loader, 'apt-get install libvulkan1', context);
