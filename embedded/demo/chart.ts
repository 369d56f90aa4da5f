import { crc32, deflateSync } from 'node:zlib'
import { REGIONS } from './sales.js'

export const CHART_WIDTH = 720
export const CHART_HEIGHT = 400

const WHITE = 0
const INK = 1
const GRID = 2
const FIRST_REGION_COLOUR = 3
/** Red, green, blue of each palette index. */
const PALETTE = [
  [255, 255, 255], [40, 44, 52], [224, 228, 234], [31, 119, 180], [255, 152, 56], [66, 165, 90], [205, 66, 78],
]

/** A font of 3 by 5 pixels, five rows from the top; `#` is ink. Only what the chart writes. */
const GLYPHS: Record<string, string> = {
  0: '####.##.##.####',
  1: '.#.##..#..#.###',
  2: '###..#####..###',
  3: '###..####..####',
  4: '#.##.####..#..#',
  5: '####..###..####',
  6: '####..####.####',
  7: '###..#..#..#..#',
  8: '####.#####.####',
  9: '####.####..####',
  A: '.#.#.#####.##.#',
  E: '####..##.#..###',
  H: '#.##.#####.##.#',
  K: '#.##.###.#.##.#',
  N: '####.##.##.##.#',
  O: '####.##.##.####',
  R: '##.#.###.#.##.#',
  S: '####..###..####',
  T: '###.#..#..#..#.',
  U: '#.##.##.##.####',
  W: '#.##.##.#####.#',
}
const GLYPH_WIDTH = 3
const GLYPH_HEIGHT = 5

const PLOT = { left: 60, right: CHART_WIDTH - 20, top: 50, bottom: CHART_HEIGHT - 40 }
const GRID_LINES = 5

/**
 * Draws the weekly revenue, stacked by region, as a PNG of 720 by 400 pixels.
 *
 * @param weeks cents by week (outer) and region (inner)
 */
export function drawChart (weeks: readonly number[][]): Buffer {
  const canvas = new Canvas()
  const totals = weeks.map((week) => week.reduce((sum, cents) => sum + cents, 0))
  const gridStepCents = Math.ceil(Math.max(...totals) / GRID_LINES / 500_000) * 500_000
  const heightOf = (cents: number) => Math.round(cents / (gridStepCents * GRID_LINES) * (PLOT.bottom - PLOT.top))

  for (let line = 0; line <= GRID_LINES; line++) {
    const y = PLOT.bottom - heightOf(line * gridStepCents)
    canvas.fill(PLOT.left, y, PLOT.right - PLOT.left, 1, GRID)
    canvas.write(`${line * gridStepCents / 100_000}K`, 12, y - GLYPH_HEIGHT, INK)
  }
  const slot = (PLOT.right - PLOT.left) / weeks.length
  weeks.forEach((week, index) => {
    const x = Math.round(PLOT.left + index * slot + slot * 0.15)
    let y = PLOT.bottom
    week.forEach((cents, regionIndex) => {
      y -= heightOf(cents)
      canvas.fill(x, y, Math.round(slot * 0.7), heightOf(cents), FIRST_REGION_COLOUR + regionIndex)
    })
    canvas.write(String(index + 1), x + 8, PLOT.bottom + 10, INK)
  })
  canvas.fill(PLOT.left, PLOT.bottom, PLOT.right - PLOT.left, 2, INK)
  REGIONS.forEach((region, regionIndex) => {
    const x = PLOT.left + regionIndex * 150
    canvas.fill(x, 18, 14, 14, FIRST_REGION_COLOUR + regionIndex)
    canvas.write(region.toUpperCase(), x + 22, 20, INK)
  })
  return encodePng(canvas.pixels)
}

/** One byte, a palette index, for each pixel. */
class Canvas {
  readonly pixels = Buffer.alloc(CHART_WIDTH * CHART_HEIGHT, WHITE)

  fill (left: number, top: number, width: number, height: number, colour: number): void {
    for (let y = top; y < top + height; y++) {
      this.pixels.fill(colour, y * CHART_WIDTH + left, y * CHART_WIDTH + left + width)
    }
  }

  write (text: string, left: number, top: number, colour: number): void {
    const scale = 2
    for (const [position, character] of [...text].entries()) {
      for (const [dot, mark] of [...GLYPHS[character] ?? ''].entries()) {
        if (mark !== '#') continue
        const x = left + (position * (GLYPH_WIDTH + 1) + dot % GLYPH_WIDTH) * scale
        this.fill(x, top + Math.floor(dot / GLYPH_WIDTH) * scale, scale, scale, colour)
      }
    }
  }
}

/** Portable Network Graphics, third edition: 8-bit palette indices, not interlaced, no filter. */
function encodePng (pixels: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(CHART_WIDTH, 0)
  header.writeUInt32BE(CHART_HEIGHT, 4)
  header.set([8, 3, 0, 0, 0], 8)
  const rows = Array.from({ length: CHART_HEIGHT }, (_, y) => [
    Buffer.of(0), pixels.subarray(y * CHART_WIDTH, (y + 1) * CHART_WIDTH),
  ]).flat()
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(PALETTE.flat())),
    chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk (type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(typed))
  return Buffer.concat([length, typed, checksum])
}
