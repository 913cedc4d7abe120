/**
 * Metrics as Prometheus reads them, and the only file that knows prom-client.
 *
 * Names follow the conventions of https://prometheus.io/docs/practices/naming/: a prefix, base units, counters
 * that end in `_total`. Labels have few values, each known beforehand, never a step or a loss.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string | number>>;

export interface MetricSpec {
  readonly name: string; // whole, with its prefix and unit
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface CounterMetric {
  add(value?: number, labels?: Labels): void;
}

export interface GaugeMetric {
  set(value: number, labels?: Labels): void;
  /** Forgets all values: what is not set again is not exported. */
  clear(): void;
}

export interface HistogramMetric {
  observe(value: number, labels?: Labels): void;
}

export interface Metrics {
  /** Counters without labels begin at 0, so that their first increment is seen as one. */
  counter(spec: MetricSpec): CounterMetric;
  gauge(spec: MetricSpec): GaugeMetric;
  /** @param buckets upper ends, in the metric's unit, ascending */
  histogram(spec: MetricSpec, buckets: readonly number[]): HistogramMetric;
  /** Called before every reading, to set what is only known when somebody looks. */
  onRead(refresh: () => void | Promise<void>): void;
  /** All of them, in Prometheus's text format. */
  read(): Promise<string>;
  readonly contentType: string;
}

/** @param common labels that every series has */
export function createMetrics(common: Labels): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(common);
  const refreshers: (() => void | Promise<void>)[] = [];
  const optionsOf = ({ name, help, labels = [] }: MetricSpec) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    counter(spec) {
      const counter = new Counter(optionsOf(spec));
      return { add: (value = 1, labels = {}) => counter.inc(labels, value) };
    },
    gauge(spec) {
      const gauge = new Gauge(optionsOf(spec));
      const clear = (): void => {
        gauge.reset(); // which sets one without labels to 0, though nobody knows its value
        if (spec.labels === undefined) gauge.remove();
      };
      clear();
      return { set: (value, labels = {}) => gauge.set(labels, value), clear };
    },
    histogram(spec, buckets) {
      const histogram = new Histogram({ ...optionsOf(spec), buckets: [...buckets] });
      return { observe: (value, labels = {}) => histogram.observe(labels, value) };
    },
    onRead: (refresh) => void refreshers.push(refresh),
    async read() {
      for (const refresh of refreshers) await refresh();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** This process, under the names that every exporter uses. @param sinceEpochSeconds when it began */
export function addProcessMetrics(metrics: Metrics, sinceEpochSeconds: number): void {
  const cpu = metrics.counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, user and system.',
  });
  const resident = metrics.gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process.',
  });
  const began = metrics.gauge({
    name: 'process_start_time_seconds',
    help: 'Start of the process, in seconds since 1970.',
  });
  let countedSeconds = 0;
  metrics.onRead(() => {
    const { user, system } = process.cpuUsage(); // microseconds
    const seconds = (user + system) / 1e6;
    cpu.add(seconds - countedSeconds);
    countedSeconds = seconds;
    resident.set(process.memoryUsage.rss());
    began.set(sinceEpochSeconds);
  });
}
