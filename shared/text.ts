/**
 * Numbers as people read them: on the screen, in reports and in messages. Pure, and independent of the
 * machine's locale, so that the same run reads the same everywhere.
 */

/** `1,234,567`. */
export const formatCount = (value: number): string =>
  String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',');

/** `1 worker`, `2 workers`, `1,234 rows`. @param ending of the plural, such as `es` */
export const plural = (value: number, noun: string, ending = 's'): string =>
  `${formatCount(value)} ${noun}${Math.round(value) === 1 ? '' : ending}`;

/**
 * At least three significant digits, and no fraction from 100 on: `-12.3`, `0.000123`, `8,400`.
 * What is not finite is named as it is: `NaN`, `Infinity`.
 */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  if (size >= 99.95) return value < 0 ? `-${formatCount(size)}` : formatCount(size);
  if (size >= 9.995) return value.toFixed(1);
  return size >= 0.9995 || size === 0 ? value.toFixed(2) : String(Number(value.toPrecision(3)));
}

/** A loss in nats: one digit after the point, so that a column of them lines up; `-251.3`, `12.8`. */
export function formatNats(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 99_999.5) return value.toExponential(2);
  return value.toFixed(1).replace(/\B(?=\d{3}\.)/, ',');
}

/** @param share 0 to 1. `97.3 %` with one digit, `9 %` without */
export const formatShare = (share: number, digits = 0): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : '-';

/** `0:42`, `12:05`, `3:07:00`, `2 d 03:04`: what is left, or was spent. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-';
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24];
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  if (days > 0) return `${days} d ${two(hours)}:${two(minutes)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Passes over the training rows, at most two digits after the point: `20`, `2.4`. */
export const formatEpochs = (epochs: number): string => String(Number(epochs.toFixed(2)));
