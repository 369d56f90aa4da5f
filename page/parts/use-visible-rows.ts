import { Virtualizer, observeWindowOffset, observeWindowRect, windowScroll } from '@tanstack/virtual-core'
import type { RefObject } from 'preact'
import { useLayoutEffect, useReducer, useState } from 'preact/hooks'
import { remPx } from './rem.js'

const OVERSCAN_ROWS = 12

/** Which rows of a long table are drawn, and how much room those before and after take, in pixels. */
export interface VisibleRows {
  first: number
  /** The row after the last one that is drawn. */
  end: number
  beforePx: number
  afterPx: number
}

/**
 * Finds out which rows of a table are in the window, and near it.
 *
 * @param rowRem the height of each row in rem, so that it grows with the reader's text
 */
export function useVisibleRows (table: RefObject<HTMLTableElement>, count: number, rowRem: number): VisibleRows {
  const rowPx = rowRem * remPx()
  const [, draw] = useReducer((times: number) => times + 1, 0)
  const [scrollMargin, setScrollMargin] = useState(0)
  const [virtualizer] = useState(() => new Virtualizer<Window, HTMLElement>(optionsFor(count, rowPx, 0, draw)))
  virtualizer.setOptions(optionsFor(count, rowPx, scrollMargin, draw))
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer])
  useLayoutEffect(() => {
    virtualizer._willUpdate()
    const body = table.current?.tBodies[0]
    if (body !== undefined) setScrollMargin(Math.round(body.getBoundingClientRect().top + window.scrollY))
  })
  const items = virtualizer.getVirtualItems()
  const first = items[0]?.index ?? 0
  const end = items.length === 0 ? Math.min(count, OVERSCAN_ROWS) : (items.at(-1)?.index ?? 0) + 1
  return { first, end, beforePx: first * rowPx, afterPx: Math.max(0, count - end) * rowPx }
}

function optionsFor (count: number, rowPx: number, scrollMargin: number, draw: (action: unknown) => void) {
  return {
    count,
    scrollMargin,
    estimateSize: () => rowPx,
    overscan: OVERSCAN_ROWS,
    getScrollElement: () => window,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    initialOffset: () => window.scrollY,
    initialRect: { width: window.innerWidth, height: window.innerHeight },
    onChange: () => { draw(undefined) },
  }
}
