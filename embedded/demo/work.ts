import { createHash } from 'node:crypto'
import type { Direction } from '../../objects/object-key.js'

/** A file of a run, as the demo organisation's work has left it. */
export interface WorkFile {
  workflowId: string
  runId: string
  createdBy: string
  direction: Direction
  path: string
  contentType: string
  body: Buffer
}

/** A workflow of which every run has the same kinds of files. */
interface Work {
  workflowId: string
  name: string
  runCount: number
  /** The files of a run, by its number. */
  files: (run: number) => Array<{ path: string, direction: Direction, contentType: string, body: Buffer }>
}

const TEXT = 'text/plain; charset=utf-8'
const CSV = 'text/csv; charset=utf-8'
const JSON_TYPE = 'application/json'
const BINARY = 'application/octet-stream'

/** Numbers that look like chance, and are the same in every demo. */
function * chance (seed: number): Generator<number, never> {
  for (let state = seed + 1; ;) {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state / 2 ** 32
  }
}

/** Lines of text, as many as it says, each made from a number between 0 and 1. */
function lines (count: number, seed: number, line: (value: number, index: number) => string): Buffer {
  const numbers = chance(seed)
  return Buffer.from(Array.from({ length: count }, (_, index) => `${line(numbers.next().value, index)}\n`).join(''))
}

function log (seed: number, steps: readonly string[]): Buffer {
  return lines(steps.length * 12, seed, (value, index) =>
    `${String(index).padStart(4, '0')}  ${value < 0.04 ? 'WARN' : 'INFO'}  ${steps[index % steps.length]} (${Math.round(value * 900) + 20} ms)`)
}

/** Bytes that do not compress to nothing, quickly made. */
function binary (sizeBytes: number, seed: number): Buffer {
  const numbers = chance(seed)
  const tile = Buffer.from(Array.from({ length: 256 }, () => Math.floor(numbers.next().value * 256)))
  return Buffer.alloc(sizeBytes, tile)
}

function summary (run: number, facts: Record<string, number>): Buffer {
  return Buffer.from(`${JSON.stringify({ run: run + 1, status: 'complete', ...facts }, null, 2)}\n`)
}

/** Further workflows than those of the demo's own files. */
export const FURTHER_WORK: readonly Work[] = [
  {
    workflowId: '7d1c5b0a-94e2-4f36-8c1b-2a6e0d9f4b71',
    name: 'Satellite mosaics',
    runCount: 2,
    files: (run) => [
      ...['north', 'east', 'south'].map((side, index) => ({
        path: `tiles/${side}/scene-${run + 1}.tif`, direction: 'inputs' as const, contentType: 'image/tiff', body: binary(60_000 + 20_000 * index, run * 4 + index),
      })),
      { path: 'mosaic/mosaic.tif', direction: 'outputs', contentType: 'image/tiff', body: binary(1_100_000 + 150_000 * run, 50 + run) },
      { path: 'mosaic/bounds.json', direction: 'outputs', contentType: JSON_TYPE, body: summary(run, { tiles: 3, cloudCoverPercent: 3 + run }) },
      { path: 'logs/stitch.log', direction: 'outputs', contentType: TEXT, body: log(60 + run, ['reading tile', 'matching edges', 'writing mosaic']) },
    ],
  },
  {
    workflowId: 'a4f82e19-0c6d-4b57-9e38-5d71c2b0f6e3',
    name: 'Genome alignment',
    runCount: 3,
    files: (run) => [
      {
        path: `reads/sample-${run + 1}.fastq`,
        direction: 'inputs',
        contentType: TEXT,
        body: lines(480, 70 + run, (value) => value.toString(4).slice(2, 50).replaceAll(/\d/g, (digit) => 'ACGT'.charAt(Number(digit)))),
      },
      { path: `alignment/sample-${run + 1}.bam`, direction: 'outputs', contentType: BINARY, body: binary(140_000 + 65_000 * run, 80 + run) },
      { path: 'quality/coverage.csv', direction: 'outputs', contentType: CSV, body: lines(120, 90 + run, (value, index) => index === 0 ? 'position,coverage' : `${index * 1000},${Math.round(value * 60)}`) },
      { path: 'quality/summary.json', direction: 'outputs', contentType: JSON_TYPE, body: summary(run, { reads: 120, mappedPercent: 97 + run / 2 }) },
      { path: 'logs/align.log', direction: 'outputs', contentType: TEXT, body: log(100 + run, ['indexing', 'aligning', 'sorting', 'marking duplicates']) },
    ],
  },
  {
    workflowId: '1e93d7c4-58ab-4026-b7f9-6c04e8a2d15f',
    name: 'Speech transcripts',
    runCount: 2,
    files: (run) => ['en', 'de'].flatMap((language, index) => [
      { path: `audio/${language}/call-${run + 1}.wav`, direction: 'inputs' as const, contentType: 'audio/wav', body: tone(run * 3 + index) },
      {
        path: `transcripts/${language}/call-${run + 1}.txt`,
        direction: 'outputs' as const,
        contentType: TEXT,
        body: lines(24, 110 + run * 3 + index, (value, at) => `[00:${String(at * 2).padStart(2, '0')}] ${value < 0.5 ? 'Agent' : 'Caller'}: …`),
      },
    ]),
  },
  {
    workflowId: 'c05be6a8-3d27-49f1-8a64-e9b1f7d3c20a',
    name: 'Customer invoices',
    runCount: 3,
    files: (run) => [
      { path: 'orders.csv', direction: 'inputs', contentType: CSV, body: lines(300, 130 + run, (value, index) => index === 0 ? 'order,customer,amount' : `${1000 + index},${Math.round(value * 90) + 10},${(value * 900).toFixed(2)}`) },
      ...Array.from({ length: 2 }, (_, index) => ({
        path: `invoices/2026-${String(run + 7).padStart(2, '0')}/invoice-${1001 + index}.txt`,
        direction: 'outputs' as const,
        contentType: TEXT,
        body: lines(14, 140 + run * 4 + index, (value, line) => `${String(line + 1).padStart(2)}  Item ${Math.round(value * 500)}  ${(value * 80).toFixed(2)}`),
      })),
      { path: 'totals.json', direction: 'outputs', contentType: JSON_TYPE, body: summary(run, { invoices: 2, openInvoices: run % 2 }) },
    ],
  },
]

/** A second of a tone that any browser plays: mono, 8 bits, 8 kHz (RIFF WAVE). */
function tone (pitch: number): Buffer {
  const rate = 8_000
  const step = 2 * Math.PI * (220 + 40 * pitch) / rate
  const samples = Buffer.from(Array.from({ length: rate }, (_, at) => 128 + Math.round(60 * Math.sin(step * at))))
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + samples.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.write('data', 36)
  head.writeUInt32LE(samples.length, 40)
  return Buffer.concat([head, samples])
}

/** A UUID that is the same in every demo, and by whose beginning runs can be told apart. */
function idOfRun (workflowId: string, run: number): string {
  const hex = createHash('sha256').update(`${workflowId} ${run}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** All files of the further work: the runs of a workflow are by its users in turn. */
export function furtherFiles (users: readonly string[]): WorkFile[] {
  return FURTHER_WORK.flatMap(({ workflowId, runCount, files }, place) => Array.from({ length: runCount }, (_, run) => {
    const runId = idOfRun(workflowId, run)
    const createdBy = users[(place + run) % users.length] ?? ''
    return files(run).map((file) => ({ ...file, workflowId, runId, createdBy }))
  }).flat())
}
