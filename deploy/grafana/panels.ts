/**
 * What all dashboards are made of: panels of one look, each with a sentence on how to read it, their queries to the
 * data source that the reader chose, and the runs that they chose in `$run`.
 */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  StackingConfigBuilder,
  ReduceDataOptionsBuilder,
  type DataSourceRef,
} from '@grafana/grafana-foundation-sdk/common';
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

const source: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** Labels that keep the chosen runs. */
export const chosen = 'run=~"$run"';

export interface Query {
  readonly expr: string; // PromQL
  readonly legend: string; // of each of its series, such as `rank {{rank}}`
}

export interface PanelSpec {
  readonly title: string;
  readonly description: string;
  readonly unit: string; // as Grafana names it, such as `s`; `suffix: words` for any other
  readonly queries: readonly Query[];
  readonly width?: number; // of 24
  readonly max?: number;
  readonly stacked?: boolean;
  readonly empty?: string; // what is missing where there is no data, if that is no fault
}

const height = 9;
const third = 8;

/** Of scaling efficiency, which compares with a run of one worker. */
export const noLoneWorker = 'needs a run with one worker at the same batch size: sweep --workers 1,2';

/** Lines over time. */
export function graph(spec: PanelSpec): Builder<Panel> {
  const panel = new timeseries.PanelBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(source)
    .unit(spec.unit)
    .height(height)
    .span(spec.width ?? third)
    .lineWidth(2)
    .fillOpacity(spec.stacked === true ? 40 : 0)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (spec.stacked === true) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (spec.max !== undefined) panel.min(0).max(spec.max);
  if (spec.empty !== undefined) panel.noValue(spec.empty);
  return panel.targets(spec.queries.map((query, index) => range(query, index)));
}

/** Numbers of now. */
export function numbers(spec: PanelSpec): Builder<Panel> {
  return new stat.PanelBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(source)
    .unit(spec.unit)
    .height(height)
    .span(spec.width ?? third)
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .targets(spec.queries.map((query, index) => range(query, index)));
}

/** Bars beside each other, of values of now. */
export function bars(spec: PanelSpec): Builder<Panel> {
  const panel = new bargauge.PanelBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(source)
    .unit(spec.unit)
    .min(0)
    .height(height)
    .span(spec.width ?? third)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .targets(spec.queries.map((query, index) => instant(query, index)));
  return spec.empty === undefined ? panel : panel.noValue(spec.empty);
}

/** A row for each set of labels that the queries share, a column for each query, named by its legend. */
export function board(spec: PanelSpec & { readonly labels: readonly string[] }): Builder<Panel> {
  const names = spec.queries.map(({ legend }, index) => [`Value #${refId(index)}`, legend] as const);
  const panel = new table.PanelBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(source)
    .unit(spec.unit)
    .height(height)
    .span(spec.width ?? third)
    .targets(
      spec.queries.map((query, index) => instant(query, index).format(prometheus.PromQueryFormat.Table)),
    )
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(
          [...spec.labels, ...names.map(([name]) => name)].map((name, index) => [name, index]),
        ),
        renameByName: Object.fromEntries(names),
      },
    });
  return panel;
}

const refId = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

const query = ({ expr, legend }: Query, index: number): prometheus.DataqueryBuilder =>
  new prometheus.DataqueryBuilder().refId(refId(index)).expr(expr).legendFormat(legend);
const range = (each: Query, index: number): prometheus.DataqueryBuilder => query(each, index).range();
const instant = (each: Query, index: number): prometheus.DataqueryBuilder => query(each, index).instant();

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}

/** @param uid under which Grafana knows it, whatever its title */
export function dashboard(uid: string, title: string, description: string, rows: readonly RowSpec[]) {
  const builder = new DashboardBuilder(`Lockstep: ${title}`)
    .uid(uid)
    .description(description)
    .tags(['lockstep'])
    .time({ from: 'now-30m', to: 'now' })
    .timezone('browser')
    .refresh('5s')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([
      new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
      new QueryVariableBuilder('run')
        .label('run')
        .datasource(source)
        .query('label_values(lockstep_run_finished, run)')
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue('.*')
        .current({ text: 'All', value: '$__all', selected: true }),
    ])
    .annotation(
      new AnnotationQueryBuilder()
        .name('alerts')
        .datasource(source)
        .enable(true)
        .iconColor('red')
        .expr(`ALERTS{alertname=~"Lockstep.+", alertstate="firing", ${chosen}}`)
        .titleFormat('{{alertname}}')
        .textFormat('run {{run}}'),
    )
    .link(
      new DashboardLinkBuilder('Lockstep')
        .type(DashboardLinkType.Dashboards)
        .tags(['lockstep'])
        .includeVars(true)
        .keepTime(true),
    );
  let id = 0;
  const numbered = (panel: Builder<Panel>): Builder<Panel> => {
    id += 1;
    const built = { ...panel.build(), id };
    return { build: () => built };
  };
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title).id((id += 1)));
    for (const panel of row.panels) builder.withPanel(numbered(panel));
  }
  return builder.build();
}
