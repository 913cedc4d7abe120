/** The plain JavaScript backend, held against PyTorch: the oracle of the others. */
import { openCpu } from '../../../shared/model/runtimes/cpu.ts';
import { runtimeContract } from '../../support/runtime-contract.ts';
import '@tensorflow/tfjs-layers'; // gradients

runtimeContract('cpu', openCpu);
