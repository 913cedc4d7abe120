/** The WebAssembly backend, held against PyTorch, and against the plain backend on a larger model. */
import { openRuntime } from '../../../shared/model/runtimes.ts';
import { agreesWithCpu } from '../../support/agreement.ts';
import { runtimeContract } from '../../support/runtime-contract.ts';

const open = () => openRuntime('wasm', { threads: 1, precision: 'float32', allowCpu: true });

runtimeContract('wasm', open);
agreesWithCpu('wasm', open);
