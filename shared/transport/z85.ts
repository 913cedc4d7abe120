/**
 * Z85, in which keys are written: four bytes as five printable characters (ZeroMQ RFC 32).
 */
import assert from 'node:assert';

const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** A CURVE key, public or secret: 32 bytes. */
export const keyPattern = /^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/;

/** @param bytes a multiple of four */
export function encodeZ85(bytes: Uint8Array): string {
  assert(bytes.byteLength % 4 === 0, `${bytes.byteLength} bytes, expected a multiple of four`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let at = 0; at < bytes.byteLength; at += 4) {
    let value = view.getUint32(at); // big-endian
    let five = '';
    for (let place = 0; place < 5; place++) {
      five = digits[value % 85]! + five;
      value = Math.floor(value / 85);
    }
    text += five;
  }
  return text;
}
