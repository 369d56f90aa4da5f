import { type Measurement, format } from './measure.js'

/** The measurements as a Markdown table. */
export function table (measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ case: name, unit, measured, peer, ratio, target }) => [
    name,
    `${format(measured)} ${unit}`,
    peer === undefined ? '' : `${format(peer.measured)} ${unit} (${peer.name})`,
    ratio === undefined ? '' : format(ratio, 2),
    target === undefined ? '' : `${target.text}: ${target.isMet ? 'met' : '**missed**'}`,
  ])
  return [['Case', 'This service', 'Beside', 'Ratio', 'Target'], ['---', '---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** One line for a terminal. */
export function line ({ case: name, unit, measured, peer, ratio, target }: Measurement): string {
  return [
    `${name}: ${format(measured)} ${unit}`,
    ...peer === undefined ? [] : [`${peer.name}: ${format(peer.measured)} ${unit}`],
    ...ratio === undefined ? [] : [`ratio ${format(ratio, 2)}`],
    ...target === undefined ? [] : [`target ${target.text} ${target.isMet ? 'met' : 'MISSED'}`],
  ].join('; ')
}
