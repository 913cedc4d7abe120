/**
 * What is changed in the sources of tfjs-node-gpu's addon before they are compiled: one header that
 * TensorFlow's wheels lack is replaced by the one that declares the same in them, and one function is added,
 * `tensorDataInto` (native/tensor_data_into.cc), which reads a tensor into an array that is there already.
 *
 * Whoever calls that function must do without it where the addon is the vendor's.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NATIVE_FILE = 'tensor_data_into.cc';
const nativeFile = fileURLToPath(new URL(`native/${NATIVE_FILE}`, import.meta.url));

/** Each text occurs once in its file: [file, text, what stands there instead]. */
const REPLACEMENTS = /** @type {const} */ ([
  ['tfjs_backend.cc', '"tensorflow/core/platform/ctstring_internal.h"', '"tensorflow/c/tf_tstring.h"'],
  [
    'tfjs_backend.h',
    'napi_value GetTensorData(napi_env env, napi_value tensor_id_value);',
    'napi_value GetTensorData(napi_env env, napi_value tensor_id_value);\n' +
      '  void CopyTensorData(napi_env env, napi_value tensor_id_value, napi_value target);',
  ],
  [
    'tfjs_binding.cc',
    'static napi_value InitTFNodeJSBinding(',
    'napi_value TensorDataInto(napi_env env, napi_callback_info info);\n' +
      'static napi_value InitTFNodeJSBinding(',
  ],
  [
    'tfjs_binding.cc',
    '{"executeOp", nullptr,',
    '{"tensorDataInto", nullptr, TensorDataInto, nullptr, nullptr, nullptr, napi_default, nullptr},\n' +
      '      {"executeOp", nullptr,',
  ],
]);

/**
 * Changes a copy of the sources in place.
 * @param {string} folder
 * @returns {{ files: string[], problem: null } | { files: null, problem: string }} the files to compile, or why
 *   the sources are not those that the changes were made for
 */
export function patchSources(folder) {
  for (const [name, text, instead] of REPLACEMENTS) {
    const file = join(folder, name);
    const parts = readFileSync(file, 'utf8').split(text);
    if (parts.length !== 2) {
      return {
        files: null,
        problem: `${name} of the addon holds ${text} ${parts.length - 1} times, not once`,
      };
    }
    writeFileSync(file, parts.join(instead));
  }
  copyFileSync(nativeFile, join(folder, NATIVE_FILE));
  const files = ['tfjs_backend.cc', 'tfjs_binding.cc', NATIVE_FILE].map((name) => join(folder, name));
  return { files, problem: null };
}

/** @returns {string} all that the changes consist of, for a digest */
export const patchText = () => JSON.stringify([REPLACEMENTS, readFileSync(nativeFile, 'utf8')]);
